import { expect, test } from 'vitest';
import {
  addChangelogEntry,
  bumpRelease,
  chooseSpec,
  firstSource,
  pinChangelogDate,
  readSpec,
  sourceFolder,
  suitsBumpspec,
  usesAutorelease,
} from '../../src/clients/spec.ts';
import { SPEC } from '../support/git-world.ts';

const AT = Date.UTC(2026, 10, 21, 12);
const entry = { author: 'packprobe <packprobe@test.invalid>', comment: 'packprobe run 1', at: AT };

test.each([
  ['3%{?dist}', '4%{?dist}'],
  ['9%{?dist}', '10%{?dist}'],
  ['3%{?dist}.2', '4%{?dist}.2'],
  ['0.3.rc1', '0.4.rc1'],
  ['0.9.beta2%{?dist}', '0.10.beta2%{?dist}'],
  ['1.rc1', '1.rc1.1'],
  ['1.rc.4', '1.rc.5'],
  ['%{custom}%{?dist}', '%{custom}%{?dist}.1'],
  ['%{custom}.7', '%{custom}.8'],
])('a release %s is followed by %s', (old, next) => {
  expect(bumpRelease(`Name: foo\nRelease:   ${old}\n`, 'foo.spec')).toBe(`Name: foo\nRelease:   ${next}\n`);
});

test.each(['%global baserelease 4', '%define release 4', '%global  Release 4%{?dist}'])(
  'a macro that holds the number (%s) is bumped, and nothing else',
  (line) => {
    const text = `Release: 1%{?dist}\n${line}\n`;
    expect(bumpRelease(text, 'foo.spec')).toBe(`Release: 1%{?dist}\n${line.replace('4', '5')}\n`);
  },
);

test('every Release that begins with a number is bumped', () => {
  expect(bumpRelease('Release: 1\n%package x\nRelease: 8\n', 'foo.spec')).toBe(
    'Release: 2\n%package x\nRelease: 9\n',
  );
});

test('a spec without a release is unsuitable', () => {
  expect(() => bumpRelease('Name: foo\n', 'foo.spec')).toThrow(
    expect.objectContaining({ code: 'SPEC_UNSUITABLE', kind: 'prober' }),
  );
});

test.each([
  'Release: %autorelease',
  'Release:        %{autorelease -b 4}',
  'Release: %{?autorelease}%{!?autorelease:1%{?dist}}',
])('%s is counted by rpmautospec', (line) => {
  expect(usesAutorelease(`Name: foo\n${line}\n`)).toBe(true);
});

test('a word autorelease elsewhere does not make a spec one of rpmautospec', () => {
  expect(usesAutorelease('Release: 3%{?dist}\n%changelog\n- no %autorelease\n')).toBe(false);
});

test('facts are told with macros substituted and without the dist tag', () => {
  const text = `%global major 2
%define version_full %{major}.5
Name: foo
Version: %{version_full}
Release: %{?prefix}7%{?dist}%{!?flavour:.plain}
Epoch: 1
`;
  expect(readSpec(text, 'foo.spec')).toEqual({ name: 'foo', version: '2.5', release: '7.plain', epoch: '1' });
});

test('a release that is a macro of its own name is read', () => {
  const text = '%define release 3\nName: foo\nVersion: 1\nRelease: %{release}%{?dist}\n';
  expect(readSpec(text, 'foo.spec').release).toBe('3');
});

test('a macro that nobody defines is told, not guessed', () => {
  expect(() => readSpec('Name: foo\nVersion: %{upstream}\nRelease: 1\n', 'foo.spec')).toThrow(
    expect.objectContaining({ code: 'SPEC_MACRO_UNKNOWN', kind: 'prober' }),
  );
});

test.each([
  ['Source0: foo-1.0.tar.gz', 'foo-1.0.tar.gz'],
  ['Source: https://example.org/%{name}-%{version}.tar.gz', 'foo-1.0.tar.gz'],
  ['Source0: https://example.org/v%{version}.tar.gz#/%{name}-%version.tar.gz', 'foo-1.0.tar.gz'],
])('%s is called %s on disk', (line, file) => {
  expect(firstSource(`Name: foo\nVersion: 1.0\n${line}\n`, 'foo.spec')).toBe(file);
});

test('a spec without sources has no tarball to make', () => {
  expect(() => firstSource('Name: foo\n', 'foo.spec')).toThrow(
    expect.objectContaining({ code: 'SPEC_UNSUITABLE' }),
  );
});

test.each([
  ['%setup -q', 'foo-1.0'],
  ['%autosetup -p1 -n %{name}', 'foo'],
  ['%setup -q -n bar-%{version}', 'bar-1.0'],
])('%s expects the folder %s', (line, folder) => {
  expect(sourceFolder(`Name: foo\nVersion: 1.0\n%prep\n${line}\n`, 'foo.spec')).toBe(folder);
});

test('the changelog entry stands on top and names release, author and run', () => {
  const text = addChangelogEntry(bumpRelease(SPEC, 'x.spec'), entry, 'x.spec');
  expect(text.split('%changelog\n')[1]).toBe(`* Sat Nov 21 2026 packprobe <packprobe@test.invalid> - 1.0-4
- packprobe run 1

* Mon Oct 05 2026 Somebody <somebody@example.org> - 1.0-3
- Before
`);
});

test('an epoch stands before the version of the entry', () => {
  const text = addChangelogEntry('Name: a\nEpoch: 2\nVersion: 1\nRelease: 1\n%changelog\n', entry, 'a.spec');
  expect(text).toContain(' - 2:1-1\n');
});

test.each(['* Mon Jan 04 2027 A <a@b> - 1-1', '* Mon Jan  4 10:00:00 UTC 2027 A <a@b> - 1-1'])(
  'an entry is never older than the one below it (%s)',
  (line) => {
    const text = `Name: a\nVersion: 1\nRelease: 2\n%changelog\n${line}\n- x\n`;
    expect(addChangelogEntry(text, entry, 'a.spec')).toContain('\n* Mon Jan 04 2027 packprobe');
  },
);

test.each([
  'Name: a\nVersion: 1\nRelease: 1\n',
  'Name: a\nVersion: 1\nRelease: 1\n%changelog\n%autochangelog\n',
])('a spec without a written changelog gets no entry', (text) => {
  expect(addChangelogEntry(text, entry, 'a.spec')).toBe(text);
});

test('a generated changelog is kept from rpmdev-bumpspec', () => {
  expect(suitsBumpspec('%changelog\n%autochangelog\n')).toBe(false);
  expect(suitsBumpspec(SPEC)).toBe(true);
});

test('the date of an entry by rpmdev-bumpspec becomes that of the run', () => {
  const head = `Name: a\n%changelog\n`;
  const below = '- packprobe run 1\n\n* Mon Oct 05 2026 B <b@c> - 1-1\n- x\n';
  const text = `${head}* Sun Nov 22 10:01:02 UTC 2026 packprobe <packprobe@test.invalid> - 1-2\n${below}`;
  expect(pinChangelogDate(text, entry)).toBe(
    `${head}* Sat Nov 21 2026 packprobe <packprobe@test.invalid> - 1-2\n${below}`,
  );
});

test("somebody else's entry keeps its date", () => {
  const text = '%changelog\n* Sun Nov 22 2026 B <b@c> - 1-2\n- x\n';
  expect(pinChangelogDate(text, entry)).toBe(text);
});

test('the spec named like the folder is chosen, else the first', () => {
  expect(chooseSpec(['a.spec', 'foo.spec', 'sources'], 'foo')).toBe('foo.spec');
  expect(chooseSpec(['b.spec', 'c.spec'], 'foo')).toBe('b.spec');
  expect(() => chooseSpec(['sources'], 'foo')).toThrow(expect.objectContaining({ code: 'SPEC_MISSING' }));
});
