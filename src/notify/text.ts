// What a terminal, a mail client or a header could take for something else than a character: controls, and the two separators of lines
// that are none in a file.
const CONTROLS = /[\p{Cc}\u2028\u2029]/gu;
/** Characters that turn the direction of what follows: they can make a line read as another one. */
const TURNS = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;

/** One line of clean text, such as a subject; cut to at most `most` characters. */
export function oneLine(text: string, most: number): string {
  const line = text.toWellFormed().replace(TURNS, '').replace(CONTROLS, ' ').replace(/\s+/gu, ' ').trim();
  return cut(line, most);
}

/** Clean text of several lines, cut to at most `most` characters. Line breaks are `\n`, and controls but the tabulator are gone. */
export function manyLines(text: string, most: number): string {
  const clean = text
    .toWellFormed()
    .replace(/\r\n?|[\u0085\u2028\u2029]/gu, '\n')
    .replace(TURNS, '')
    .replace(CONTROLS, (character) => (character === '\n' || character === '\t' ? character : ''));
  return cut(clean.trimEnd(), most);
}

/** As text of HTML, within quotes, too. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/gu, (character) => `&#${character.codePointAt(0)};`);
}

/** Characters as JavaScript counts them; a pair that stands for one is never parted. */
function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const end = most - 1;
  const parted = /[\uD800-\uDBFF]/u.test(text.charAt(end - 1));
  return `${text.slice(0, parted ? end - 1 : end).trimEnd()}…`;
}
