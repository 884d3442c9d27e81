/** The beginning of a text, at most so many bytes of UTF-8; a character is never cut in two. */
export function firstBytes(text: string, limit: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  // `stream` keeps a character that was cut in two from becoming a replacement mark.
  return new TextDecoder().decode(bytes.subarray(0, limit), { stream: true });
}
