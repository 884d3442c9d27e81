import { describe, expect, test } from 'vitest';
import { readSpec, SpecError } from '../../../src/sandbox/stand-ins/fedpkg/spec.ts';

const F44 = new Map([
  ['dist', '.fc44'],
  ['fedora', '44'],
  ['fc44', '1'],
]);

describe('readSpec', () => {
  test.each([
    ['the dist tag of the branch', 'Release: 3%{?dist}', '3.fc44'],
    ['a global macro', '%global rel 7\nRelease: %{rel}%{?dist}', '7.fc44'],
    ['a macro defined by another', '%define a 1\n%define b %{a}.2\nRelease: %{b}', '1.2'],
    ['an alternative for a macro that is there', 'Release: 1%{?fedora:.yes}', '1.yes'],
    ['an alternative for a macro that is not there', 'Release: 1%{!?rhel:.no}', '1.no'],
    ['a macro without braces', '%global x 9\nRelease: %x', '9'],
    ['a percent sign', 'Release: 1%%', '1%'],
    [
      'the branch of a condition that holds',
      '%if 0%{?fedora} >= 44\nRelease: 1\n%else\nRelease: 2\n%endif',
      '1',
    ],
    ['the other branch', '%if 0%{?rhel}\nRelease: 1\n%else\nRelease: 2\n%endif', '2'],
    [
      'a condition of several parts',
      '%if (0%{?rhel} || 0%{?fedora}) && "%{dist}" == ".fc44"\nRelease: 5\n%endif',
      '5',
    ],
    ['only what stands before the first section', 'Release: 1\n%description\nRelease: 2', '1'],
  ])('the release follows %s', (_, lines, release) => {
    expect(readSpec(`Name: foo\nVersion: 1.0\n${lines}\n`, F44).release).toBe(release);
  });

  test('version and epoch may use the tags before them', () => {
    const read = readSpec('Name: foo\nEpoch: 2\nVersion: %{epoch}.5\nRelease: 1\n', F44);
    expect(read).toEqual({ name: 'foo', version: '2.5', release: '1', epoch: '2' });
  });

  test.each([
    ['a brace that is never closed', 'Name: foo\nVersion: %{x\n', /line 2: unclosed macro/],
    ['a missing release', 'Name: foo\nVersion: 1\n', /Release field must be present/],
  ])('%s is a fault of the spec', (_, text, message) => {
    expect(() => readSpec(text, F44)).toThrow(SpecError);
    expect(() => readSpec(text, F44)).toThrow(message);
  });
});
