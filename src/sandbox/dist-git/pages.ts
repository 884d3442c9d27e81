import type { Branches } from './pushed.ts';

/** A page that only says what was not there. */
export function notFoundPage(): string {
  return page('Page not found', '<p>404: the page or the repository does not exist.</p>');
}

/** A package with its branches and the address to clone. */
export function packagePage(pkg: string, url: string, branches: Branches): string {
  const rows = [...branches].map(([name, sha]) => `<li>${escaped(name)} ${link(pkg, sha)}</li>`);
  return page(`rpms/${pkg}`, `<pre>git clone ${url}/rpms/${pkg}.git</pre><ul>${rows.join('\n')}</ul>`);
}

/** A commit with its patch. */
export function commitPage(pkg: string, commit: string, shown: string): string {
  return page(`Commit - rpms/${pkg} - ${commit}`, `<pre>${escaped(shown)}</pre>`);
}

function link(pkg: string, sha: string): string {
  return `<a href="/rpms/${pkg}/c/${sha}">${sha}</a>`;
}

function page(title: string, body: string): string {
  return `<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>${escaped(title)}</title></head>\n<body><h1>${escaped(title)}</h1>\n${body}\n</body>\n</html>\n`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
