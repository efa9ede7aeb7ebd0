/**
 * In place of `decode-named-character-reference`, which asks the browser by `innerHTML` or brings a list of 2,000. In
 * messages, `&name;` is text.
 */
export const decodeNamedCharacterReference = (): false => false;
