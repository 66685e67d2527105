import { render } from 'preact';
import { App } from './app.tsx';
import { ReportSource } from './data/report_source.ts';
import { ServiceSource } from './data/service_source.ts';
import type { Source } from './data/source.ts';
import { Failed } from './ui/notice.tsx';
import './style/page.css';

// A report brings its data along; else the service that sent this page has them.
function openSource(): Source {
  const embedded = document.getElementById('loam-data');
  return embedded ? new ReportSource(JSON.parse(embedded.textContent ?? '')) : new ServiceSource();
}

const place = document.getElementById('page');
if (!place) throw new Error('no place for the page');
try {
  render(<App source={openSource()} />, place);
} catch (error) {
  render(<Failed error={error instanceof Error ? error : new Error(String(error))} />, place);
}
