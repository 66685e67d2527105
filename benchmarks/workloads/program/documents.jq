# Groups, sorts and rebuilds documents, and checks what came out.
[inputs]
| (group_by(.address.city) | map({city: .[0].address.city, people: length, names: map(.name) | sort}))
  as $cities
| (map(select(.active) | .tags[]) | group_by(.) | map({key: .[0], value: length}) | from_entries)
  as $tags
| if ($cities | length) == 321 and ($cities | map(.people) | add) == 6000
     and ($tags | length) == 101 and ($tags | add) == 12000
  then $cities, $tags
  else error("the answer is wrong")
  end
