import { ApiError, problemFrom } from './errors';
import { csrfToken, renewal, saysLoggedOut } from './session';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/** A request that can be made anew: the body of a clone has to be read through a stream before it is sent. */
export class LastingRequest extends Request {
  /** The same request, not sent yet. */
  readonly anew: () => LastingRequest;

  constructor(...given: ConstructorParameters<typeof Request>) {
    super(...given);
    this.anew = () => new LastingRequest(...given);
  }
}

function send(request: Request): Promise<Response> {
  if (!SAFE.has(request.method)) request.headers.set('X-CSRFToken', csrfToken());
  return fetch(request);
}

/** `fetch` that survives the end of a session: it waits until the person has logged in again, then asks again. */
export async function patientFetch(request: LastingRequest): Promise<Response> {
  const response = await send(request);
  if (!saysLoggedOut(response.status)) return response;
  await renewal();
  return send(request.anew());
}

/** Bytes of a mesh or an image. */
export async function fetchBytes(url: string, signal?: AbortSignal): Promise<ArrayBuffer> {
  const response = await patientFetch(new LastingRequest(url, { signal: signal ?? null }));
  if (!response.ok) {
    throw new ApiError(response.status, problemFrom(response.status, await response.json().catch(() => null)));
  }
  return response.arrayBuffer();
}

/** Send one file with progress (0..1), which `fetch` cannot report. Waits for a new log-in like `patientFetch`. */
export function upload<T>(
  url: string,
  form: FormData,
  onProgress: (fraction: number) => void,
  signal?: AbortSignal,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', url);
    request.responseType = 'json';
    request.setRequestHeader('X-CSRFToken', csrfToken());
    request.upload.addEventListener('progress', (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    request.addEventListener('load', () => {
      const { status, response } = request;
      if (status >= 200 && status < 300) {
        resolve(response as T);
        return;
      }
      if (saysLoggedOut(status)) {
        renewal().then(() => upload<T>(url, form, onProgress, signal).then(resolve, reject), reject);
        return;
      }
      reject(new ApiError(status, problemFrom(status, response)));
    });
    request.addEventListener('error', () => reject(new TypeError('upload failed')));
    request.addEventListener('abort', () => reject(new DOMException('Cancelled', 'AbortError')));
    signal?.addEventListener('abort', () => request.abort());
    request.send(form);
  });
}
