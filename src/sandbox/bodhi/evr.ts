/** rpm's order of two version or release texts: below 0 when `left` is older. Tilde sorts before the end, caret after it. */
export function compareRpmText(left: string, right: string): number {
  let a = left;
  let b = right;
  for (;;) {
    a = a.replace(/^[^A-Za-z0-9~^]+/, '');
    b = b.replace(/^[^A-Za-z0-9~^]+/, '');
    if (a.startsWith('~') || b.startsWith('~')) {
      if (!a.startsWith('~')) return 1;
      if (!b.startsWith('~')) return -1;
      a = a.slice(1);
      b = b.slice(1);
      continue;
    }
    if (a.startsWith('^') || b.startsWith('^')) {
      if (a === '') return -1;
      if (b === '') return 1;
      if (!a.startsWith('^')) return 1;
      if (!b.startsWith('^')) return -1;
      a = a.slice(1);
      b = b.slice(1);
      continue;
    }
    if (a === '' || b === '') return Math.sign(a.length - b.length);
    const kind = /^\d/.test(a) ? /^\d+/ : /^[A-Za-z]+/;
    const one = kind.exec(a)?.[0] ?? '';
    const two = kind.exec(b)?.[0];
    // A number is newer than letters.
    if (two === undefined) return /^\d/.test(a) ? 1 : -1;
    const order = /^\d/.test(one) ? compareNumbers(one, two) : compareBytes(one, two);
    if (order !== 0) return order;
    a = a.slice(one.length);
    b = b.slice(two.length);
  }
}

function compareNumbers(left: string, right: string): number {
  const a = left.replace(/^0+/, '');
  const b = right.replace(/^0+/, '');
  return a.length === b.length ? compareBytes(a, b) : Math.sign(a.length - b.length);
}

function compareBytes(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

export interface Evr {
  readonly epoch: number;
  readonly version: string;
  readonly release: string;
}

export function compareEvr(left: Evr, right: Evr): number {
  return (
    Math.sign(left.epoch - right.epoch) ||
    compareRpmText(left.version, right.version) ||
    compareRpmText(left.release, right.release)
  );
}

/** Epoch, version and release of a build, by its NVR. */
export function evrOf({ nvr, epoch }: { readonly nvr: string; readonly epoch: number }): Evr {
  const [version = '', release = ''] = nvr.split('-').slice(-2);
  return { epoch, version, release };
}
