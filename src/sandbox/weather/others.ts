import { delayOf, draw } from '../kit/draw.ts';
import type { OtherPackage, Others } from '../kit/world.ts';

const GIVEN =
  'a ana ben c carla d dario e elin f farid g greta h hugo ines j jonas k kaja l lena m marek n nuria o otto p petra'.split(
    ' ',
  );
const FAMILY =
  'abelson arvid baranek bellini bergqvist castro cermak dahlin delmas eriksen fabri farkas galvan grewal haug holub ibarra jansky kaminski kowal lindqvist lopes maier marsh molnar nakamura novak okafor olsen pavlik quist renard rossi sato silva soriano tanaka teller urban vargas weiss wolff yilmaz zeman'.split(
    ' ',
  );
const FRONT = [
  '',
  '',
  '',
  '',
  'lib',
  'lib',
  'python-',
  'python-',
  'python-',
  'rust-',
  'rust-',
  'golang-',
  'perl-',
  'php-',
  'R-',
  'ocaml-',
  'nodejs-',
  'kf6-',
  'gnome-',
  'rubygem-',
];
const STEM_START =
  'al ar bel bra cal cor dal den el fal fen gal gor hal hex in jas kar kel lan lor mar mel nar nim or pal per quil ral ros sal sel tar tel ul val ven wyr xan yar zel'.split(
    ' ',
  );
const STEM_END =
  'ba bix dor da dex fin go gen ka kit lis lo mar mix na nex nor pa pix ra rix ro sa sync ta tex to va vex wick zo'.split(
    ' ',
  );
const BACK = [
  '',
  '',
  '',
  '',
  '',
  '',
  '-tools',
  '-utils',
  '-core',
  '-devkit',
  '-server',
  '-gtk',
  '-plugins',
  '-data',
  '-cli',
];

/** Packages of one person. */
const PACKAGES = { least: 1, median: 4, most: 24 };
/** Most packages are built in minutes, a few in hours. */
const WEIGHT = { least: 0.6, median: 1.4, most: 40 };
/** How many packages ask for tests before they are pushed. */
const GATED = 0.12;

/** So many invented people with invented packages; the same ones for the same seed. */
export function inventOthers(count: number, seed: string): Others {
  const people = new Set<string>();
  const packages = new Map<string, OtherPackage>();
  for (let i = 0; i < count; i++) {
    const pick = picker(seed, `person ${i}`);
    const person = unused(`${pick('given', GIVEN)}${pick('family', FAMILY)}`, (name) => people.has(name));
    people.add(person);
    const owned = Math.round(delayOf(PACKAGES, draw(seed, 'weather.packages', person)));
    for (let k = 0; k < owned; k++) {
      const choose = picker(seed, `package ${person} ${k}`);
      const stem = `${choose('start', STEM_START)}${choose('end', STEM_END)}`;
      const words = `${choose('front', FRONT)}${stem}${choose('back', BACK)}`;
      const name = unused(words, (one) => packages.has(one));
      packages.set(name, {
        name,
        owner: person,
        weight: delayOf(WEIGHT, draw(seed, 'weather.weight', name)),
        isGated: draw(seed, 'weather.gated', name) < GATED,
      });
    }
  }
  return { people: [...people], packages };
}

function picker(seed: string, subject: string) {
  return (what: string, words: readonly string[]): string =>
    words[Math.floor(draw(seed, `weather.${what}`, subject) * words.length)] ?? '';
}

function unused(name: string, isUsed: (name: string) => boolean): string {
  if (!isUsed(name)) return name;
  for (let number = 2; ; number++) if (!isUsed(`${name}${number}`)) return `${name}${number}`;
}
