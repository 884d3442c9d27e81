/** Koji's name of a build: `bash-5.3.0-2.fc44`. Version and release hold no dash. */
export interface Nvr {
  readonly name: string;
  readonly version: string;
  readonly release: string;
}

export function parseNvr(text: string): Nvr | undefined {
  const match = /^(?<name>[^\s/]+)-(?<version>[^-\s/]+)-(?<release>[^-\s/]+)$/.exec(text);
  if (match?.groups === undefined) return undefined;
  const { name = '', version = '', release = '' } = match.groups;
  return { name, version, release };
}

export function formatNvr({ name, version, release }: Nvr): string {
  return `${name}-${version}-${release}`;
}
