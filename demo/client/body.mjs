/**
 * A response's body that can be left at any time; reading then ends as at the end of the body.
 * An abort signal does not work: Node 18's fetch loses it at the next garbage collection, and then never leaves an
 * endless body.
 */
export class Body {
  #reader;

  constructor(response) {
    this.#reader = response.body.getReader();
  }

  leave() {
    // A connection that is broken already cannot be left.
    this.#reader.cancel().catch(() => {});
  }

  async *[Symbol.asyncIterator]() {
    for (let chunk = await this.#reader.read(); !chunk.done; chunk = await this.#reader.read()) yield chunk.value;
  }
}
