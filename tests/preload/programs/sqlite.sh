# needs: sqlite3
exec sqlite3 rows.db <<'END'
PRAGMA journal_mode = WAL;
CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT, size INT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
  INSERT INTO words SELECT i, printf('word-%d', i * 7919 % 60013), i % 977 FROM n;
CREATE INDEX by_word ON words (word);
CREATE INDEX by_size ON words (size, word);
SELECT count(*), sum(size), min(word), max(word) FROM words;
SELECT size, group_concat(id) FROM words WHERE size BETWEEN 5 AND 7 GROUP BY size;
SELECT count(*) FROM words a JOIN words b ON a.size = b.size WHERE a.id < 500;
DELETE FROM words WHERE id % 3 = 0;
VACUUM;
PRAGMA integrity_check;
SELECT word FROM words ORDER BY word DESC LIMIT 5;
END
