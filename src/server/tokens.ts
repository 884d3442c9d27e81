import { createHash, timingSafeEqual } from 'node:crypto';

/**
 * The name of the token that this is; undefined where it is none. It takes the same time whichever it is, and however much of one it has right:
 * digests are compared, and all of them.
 */
export function ownerOf(given: string, tokens: ReadonlyMap<string, string>): string | undefined {
  const digest = digestOf(given);
  let owner: string | undefined;
  for (const [name, token] of tokens) {
    if (timingSafeEqual(digest, digestOf(token))) owner = name;
  }
  return owner;
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** The token of an `Authorization` header. */
export function bearerOf(header: string | undefined): string | undefined {
  return /^Bearer +(?<token>[\x21-\x7e]{1,1000})$/i.exec(header ?? '')?.groups?.['token'];
}
