/** WebSockets that reconnect by themselves. */
import { backoff } from '../domain/replay';

/** The server closes with this when the object is not the person's own; trying again would not help. */
const FOREIGN = 4404;

export interface Live {
  close: () => void;
}

/**
 * Listen to `path()` (asked anew at every connection, so that it can name the last event seen) until closed.
 * `onOpen` runs at every connection: what was missed while away must be asked for then.
 */
export function listen(
  path: () => string,
  onMessage: (data: unknown) => void,
  onOpen: () => void = () => {},
): Live {
  let socket: WebSocket | null = null;
  let attempt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let closed = false;

  const connect = (): void => {
    if (closed) return;
    const url = new URL(path(), location.href);
    url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    socket = new WebSocket(url);
    socket.addEventListener('open', () => {
      attempt = 0;
      onOpen();
    });
    socket.addEventListener('message', (event: MessageEvent<string>) => {
      try {
        onMessage(JSON.parse(event.data));
      } catch {
        // A message that is no JSON says nothing; the next refetch tells the truth.
      }
    });
    socket.addEventListener('close', (event) => {
      if (closed || event.code === FOREIGN) return;
      timer = setTimeout(connect, backoff(attempt++));
    });
  };

  const hurry = (): void => {
    // The network is back: do not sit out a long pause.
    if (closed || socket === null || socket.readyState < WebSocket.CLOSING) return;
    clearTimeout(timer);
    attempt = 0;
    connect();
  };
  globalThis.addEventListener('online', hurry);
  connect();

  return {
    close: () => {
      closed = true;
      clearTimeout(timer);
      globalThis.removeEventListener('online', hurry);
      socket?.close();
    },
  };
}
