/** The code of a `Problem` when no server answered. */
export const Unreachable = 'unreachable';

/** The API refused a request, or could not be reached. */
export class Problem extends Error {
  override readonly name = 'Problem';

  /**
   * @param status the HTTP status; 0 when no server answered
   * @param code stable, such as `slow_mode` (docs/reference/problems.md)
   * @param detail names the limit and the value, in English
   * @param errors what is wrong with each field; empty when no field is at fault
   * @param retryAfterS the seconds after which the request may succeed, if the server knows them
   */
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly errors: Readonly<Record<string, readonly string[]>> = {},
    readonly retryAfterS?: number,
    options?: ErrorOptions,
  ) {
    super(`${code}: ${detail}`, options);
  }
}

/** The problem that an answer holds. A proxy's answer is no problem details; its status is the code then. */
export async function problemOf(answer: Response): Promise<Problem> {
  const text = await answer.text().catch(() => '');
  const body = parsed(text);
  const code = typeof body['type'] === 'string' ? body['type'].split('/').pop() : undefined;
  const detail = typeof body['detail'] === 'string' ? body['detail'] : undefined;
  return new Problem(
    answer.status,
    code !== undefined && /^[a-z0-9_]+$/.test(code) ? code : `http_${answer.status}`,
    detail ?? `the server answered ${answer.status}`,
    (body['errors'] as Record<string, string[]> | undefined) ?? {},
    retryAfterS(answer.headers.get('retry-after')),
  );
}

/** The seconds of a `Retry-After`; undefined for a date, which Veza does not send. */
function retryAfterS(header: string | null): number | undefined {
  return header !== null && /^\d+$/.test(header) ? Number(header) : undefined;
}

function parsed(text: string): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
