import { firstTarball } from '../kit/tarball.ts';
import type { WorldPackage } from '../kit/world.ts';

/** The files of a package's first import, by path. */
export function packageFiles(pkg: WorldPackage): ReadonlyMap<string, string> {
  const tarball = firstTarball(pkg.name);
  const files = new Map([
    ['.gitignore', `/${tarball.file}\n`],
    [`${pkg.name}.spec`, spec(pkg, tarball.file)],
    ['sources', `SHA512 (${tarball.file}) = ${tarball.sha512}\n`],
  ]);
  if (pkg.gating !== undefined) files.set('gating.yaml', pkg.gating);
  return files;
}

function spec(pkg: WorldPackage, tarball: string): string {
  const isCounted = pkg.release === 'counted';
  return `Name:           ${pkg.name}
Version:        1.0
Release:        ${isCounted ? '%autorelease' : '1%{?dist}'}
Summary:        Package without content that walks the packager workflow
License:        MIT
URL:            https://sandbox.invalid/${pkg.name}
Source0:        ${tarball}
BuildArch:      noarch

%description
A package without content. It is built, tested and updated to see whether that works.

%prep
%autosetup -n ${pkg.name}

%build
${pkg.build === 'broken' ? 'exit 1\n' : ''}
%install

%files
%doc README

%changelog
${isCounted ? '%autochangelog' : '* Mon Oct 05 2026 Sandbox Packager <packager@sandbox.invalid> - 1.0-1\n- Initial import'}
`;
}
