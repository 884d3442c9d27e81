import { expect, test } from 'vitest';
import { readSpec, SpecError } from '../../../src/sandbox/koji/spec.ts';

const macros = { dist: '.fc44', fedora: '44' };
const head = 'Name: foo\nVersion: 1.0\nRelease: 1%{?dist}\n';

test.each([
  { title: 'a plain spec', text: head, nvr: 'foo-1.0-1.fc44' },
  {
    title: 'a version behind a macro',
    text: '%global ver 2.5\nName: foo\nVersion: %{ver}\nRelease: 3%{?dist}\n',
    nvr: 'foo-2.5-3.fc44',
  },
  {
    title: 'a macro that is defined by another',
    text: '%define base 7\n%global rel %{base}.1\nName: foo\nVersion: 1\nRelease: %{rel}%{?dist}\n',
    nvr: 'foo-1-7.1.fc44',
  },
  {
    title: 'a release with an optional part that is not there',
    text: 'Name: foo\nVersion: 1\nRelease: 1%{?pre:.%{pre}}%{?dist}\n',
    nvr: 'foo-1-1.fc44',
  },
  {
    title: 'a condition that does not hold',
    text: `%if 0%{?rhel}\nName: bar\n%else\nName: foo\n%endif\nVersion: 1\nRelease: 1%{?dist}\n`,
    nvr: 'foo-1-1.fc44',
  },
  {
    title: 'a number compared',
    text: `%if 0%{?fedora} >= 44\n%global v 9\n%else\n%global v 8\n%endif\nName: foo\nVersion: %{v}\nRelease: 1\n`,
    nvr: 'foo-9-1',
  },
])('$title is resolved', ({ text, nvr }) => {
  const { name, version, release } = readSpec(text, macros);
  expect(`${name}-${version}-${release}`).toBe(nvr);
});

test.each([
  { text: 'Name: foo\nRelease: 1\n', message: 'Version field must be present in package: (main package)' },
  { text: 'Name: foo\nVersion: 1\n', message: 'Release field must be present in package: (main package)' },
  { text: `${head}Colour: red\n`, message: 'line 4: Unknown tag: Colour: red' },
  { text: `${head}nonsense\n`, message: 'line 4: Unknown tag: nonsense' },
  { text: `${head}Summary:\n`, message: 'line 4: Empty tag: Summary:' },
  {
    text: 'Name: foo\nVersion: %{nope}\nRelease: 1\n',
    message: "Illegal char '%' (0x25) in: Version: %{nope}",
  },
])('a spec is refused: $message', ({ text, message }) => {
  expect(() => readSpec(text, macros)).toThrow(new SpecError(message));
});

test('the first failing section is told in the order in which rpmbuild runs them', () => {
  const text = `${head}\n%install\nexit 2\n\n%build\nmake\nfalse\n\n%files\n`;
  expect(readSpec(text, macros).failing).toEqual({ section: '%build', command: 'false', status: 1 });
});

test('nothing behind a good exit can fail', () => {
  expect(readSpec(`${head}\n%build\nexit 0\nfalse\n`, macros).failing).toBeUndefined();
});

test('subpackages, sources and arches are read', () => {
  const text = `${head}Source0: https://example.org/%{name}-%{version}.tar.gz\nPatch1: fix.patch\nBuildArch: noarch\n\n%description\nx\n\n%package doc\nSummary: y\n\n%package -n libfoo\nSummary: z\n`;
  expect(readSpec(text, macros)).toMatchObject({
    noarch: true,
    sources: ['foo-1.0.tar.gz', 'fix.patch'],
    packages: ['foo', 'foo-doc', 'libfoo'],
  });
});
