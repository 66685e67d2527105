import { createHash } from 'node:crypto';
import { defineConfig, type Plugin } from 'vite';

const MARKER = '<!-- loam-data -->';

// Scripts are named by their hash and nothing else is fetched: text from a result file that
// came to be markup could still not run, nor call home. Styles of charts are set in place.
function policy(script: string): string {
  const hash = createHash('sha256').update(script).digest('base64');
  return [
    "default-src 'none'",
    `script-src 'sha256-${hash}'`,
    "style-src 'unsafe-inline'",
    'img-src data: blob:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

// One file that opens from disk: script and style go into the page. The data's marker stands on
// a line of its own.
function onePage(): Plugin {
  return {
    name: 'one-page',
    enforce: 'post',
    generateBundle(_, bundle) {
      const page = bundle['index.html'];
      if (page?.type !== 'asset') throw new Error('no index.html was built');
      let script = '';
      let style = '';
      for (const [name, file] of Object.entries(bundle)) {
        if (file.type === 'chunk') script += file.code;
        else if (name.endsWith('.css')) style += String(file.source);
        else continue;
        delete bundle[name];
      }
      script = script.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--').trim();
      const meta = `<meta http-equiv="Content-Security-Policy" content="${policy(script)}" />`;
      const html = String(page.source)
        .replace(/\s*<script[^>]*src=[^>]*><\/script>/, '')
        .replace(/\s*<link rel="stylesheet"[^>]*>/, '')
        .replace(/ *<!-- loam-data -->/, () => MARKER)
        .replace('<title>', () => `${meta}\n    <title>`)
        .replace('</head>', () => `<style>${style.trim()}</style>\n  </head>`)
        .replace('</body>', () => `<script type="module">${script}</script>\n  </body>`);
      if (html.split(MARKER).length !== 2) throw new Error(`not just one ${MARKER}`);
      page.source = html;
    },
  };
}

const SERVICE = process.env['LOAM_SERVICE'] ?? 'http://127.0.0.1:7117';

export default defineConfig({
  plugins: [onePage()],
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  build: {
    modulePreload: false,
    cssCodeSplit: false,
    target: 'es2022',
    reportCompressedSize: false,
  },
  server: { proxy: { '/api': SERVICE } },
});
