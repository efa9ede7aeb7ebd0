/** Copies a text; browsers have their clipboard only on https and on this machine, elsewhere the old way works. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const before = document.activeElement;
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'unseen';
  // A modal dialog allows a selection only within itself.
  (before?.closest('dialog') ?? document.body).append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  return copied;
}

/** Saves a file as a download. */
export function save(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  // The browser has begun to read it by the next task at the latest.
  setTimeout(() => URL.revokeObjectURL(link.href));
}

/** Reads an answer to its end, and says how many bytes have come. */
export async function readAll(answer: Response, came: (bytes: number) => void): Promise<Blob> {
  const reader = answer.body?.getReader();
  if (reader === undefined) return await answer.blob();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let bytes = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    came((bytes += value.length));
  }
  return new Blob(parts, { type: answer.headers.get('content-type') ?? '' });
}
