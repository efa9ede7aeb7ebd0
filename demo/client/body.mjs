/**
 * A response's body that can be left at any moment; reading it then ends as if the body had.
 * An abort signal will not do: Node 18's fetch forgets it at the next garbage collection, and an endless body is never left.
 */
export class Body {
  #reader;

  constructor(response) {
    this.#reader = response.body.getReader();
  }

  leave() {
    // A connection that broke by itself cannot be left any more.
    this.#reader.cancel().catch(() => {});
  }

  async *[Symbol.asyncIterator]() {
    for (let chunk = await this.#reader.read(); !chunk.done; chunk = await this.#reader.read()) yield chunk.value;
  }
}
