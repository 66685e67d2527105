# needs: node
cat > work.js <<'END'
const crypto = require('crypto');
const zlib = require('zlib');
const { Worker, isMainThread, parentPort } = require('worker_threads');

function countRows() {
  const rows = [];
  for (let i = 0; i < 100000; ++i) rows.push({ id: i, text: 'row ' + ((i * 7919) % 1009) });
  const counts = new Map();
  for (const row of rows) counts.set(row.text, (counts.get(row.text) || 0) + row.id);
  return JSON.stringify([...counts].sort());
}

const text = countRows();
if (isMainThread) {
  const again = zlib.gunzipSync(zlib.gzipSync(Buffer.from(text))).toString();
  const hash = crypto.createHash('sha256').update(text).digest('hex');
  console.log(text.length, again === text, hash);
  for (let i = 0; i < 3; ++i) {
    new Worker(__filename).on('message', (theirs) => console.log('worker', theirs === text));
  }
} else {
  parentPort.postMessage(text);
}
END
exec node work.js
