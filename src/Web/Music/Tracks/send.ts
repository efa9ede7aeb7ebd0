import { Problem, Unreachable } from '@veza/client';
import { session } from '../../Accounts/session.svelte';
import { problemIn } from './upload';

export interface Form {
  readonly title: string;
  readonly genre: string;
  readonly description: string;
  readonly file: File;
}

export interface Sent {
  readonly id: string;
  readonly position: number;
}

/**
 * Sends a track. Only this way of asking says how much of the body has left.
 * @param onProgress the bytes sent so far; all of them while the server checks the sound
 * @param key under which the upload happens once
 * @throws Problem when the server refuses, or does not answer
 */
export async function send(
  form: Form,
  key: string,
  signal: AbortSignal,
  onProgress: (sent: number, total: number) => void,
): Promise<Sent> {
  const first = await attempt(form, key, signal, onProgress);
  if (first.status !== 401 || !(await session.renew(session.current?.accessToken))) return answerOf(first);
  return answerOf(await attempt(form, key, signal, onProgress));
}

interface Answered {
  readonly status: number;
  readonly text: string;
}

function answerOf({ status, text }: Answered): Sent {
  if (status === 0) throw new Problem(0, Unreachable, 'no answer');
  if (status < 200 || status > 299) throw problemIn(status, text);
  return JSON.parse(text) as Sent;
}

async function attempt(
  form: Form,
  key: string,
  signal: AbortSignal,
  onProgress: (sent: number, total: number) => void,
): Promise<Answered> {
  const token = await session.accessToken();
  signal.throwIfAborted();
  const body = new FormData();
  body.append('title', form.title);
  if (form.genre !== '') body.append('genre', form.genre);
  if (form.description !== '') body.append('description', form.description);
  body.append('file', form.file);

  return await new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const cancel = (): void => request.abort();
    signal.addEventListener('abort', cancel);
    const settle = (act: () => void) => () => {
      signal.removeEventListener('abort', cancel);
      act();
    };
    request.upload.onprogress = ({ loaded, total }) => onProgress(loaded, total);
    request.onload = settle(() => resolve({ status: request.status, text: request.responseText }));
    request.onerror = settle(() => resolve({ status: 0, text: '' }));
    request.onabort = settle(() => reject(signal.reason));
    request.open('POST', '/api/v1/tracks');
    request.setRequestHeader('Idempotency-Key', key);
    if (token !== undefined) request.setRequestHeader('Authorization', `Bearer ${token}`);
    request.send(body);
  });
}
