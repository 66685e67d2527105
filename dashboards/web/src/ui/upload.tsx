// Gives the service a result file.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ServiceError, ServiceSource } from '../data/service_source.ts';
import { usePage } from './context.tsx';

// A token is asked for where the service wants one, and forgotten with the page.
export function useToken(): {
  service: ServiceSource | null;
  ask: (error: unknown) => boolean;
  field: JSX.Element | null;
} {
  const { source } = usePage();
  const [asked, setAsked] = useState(false);
  const service = source instanceof ServiceSource ? source : null;
  const ask = (error: unknown): boolean => {
    const needed = error instanceof ServiceError && (error.status === 401 || error.status === 403);
    if (needed) setAsked(true);
    return needed;
  };
  const field = asked ? (
    <label class="field">
      <span>Token of the service</span>
      <input
        type="password"
        autocomplete="off"
        onInput={(event) => {
          if (service) service.token = event.currentTarget.value || null;
        }}
      />
    </label>
  ) : null;
  return { service, ask, field };
}

export function Upload(): JSX.Element | null {
  const { refresh } = usePage();
  const { service, ask, field } = useToken();
  const [said, setSaid] = useState<string | null>(null);
  if (!service) return null;
  const send = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    setSaid(`Sending ${file.name}…`);
    try {
      const stored = await service.uploadRun(file);
      setSaid(stored.new ? `${file.name} is stored.` : `${file.name} was there already.`);
      refresh();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      setSaid(ask(error) ? `${message}: enter the token and choose the file again.` : message);
    }
  };
  return (
    <>
      <label class="field">
        <span>Upload a result file</span>
        <input
          type="file"
          accept=".json,application/json"
          onChange={(event) => void send(event.currentTarget.files?.[0])}
        />
      </label>
      {field}
      <span role="status" class="muted">
        {said}
      </span>
    </>
  );
}
