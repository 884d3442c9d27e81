import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../support/sources.ts';

export const DEPLOY = join(ROOT, 'config/deploy');

/** As much of a manifest as tests look at; anything else is reached through `spec`. */
export interface Manifest {
  readonly file: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  // biome-ignore lint/suspicious/noExplicitAny: its shape is what the schemas check; here it is only walked through.
  readonly spec: any;
}

export interface Kustomization {
  readonly resources: readonly string[];
  readonly patches?: readonly { readonly target: { readonly kind: string; readonly name: string } }[];
  readonly configMapGenerator?: readonly { readonly name: string; readonly files: readonly string[] }[];
  readonly images: readonly { readonly name: string }[];
}

export const readText = (path: string) => readFileSync(join(DEPLOY, path), 'utf8');

export const kustomizationOf = (folder: string) =>
  parse(readText(`${folder}/kustomization.yaml`)) as Kustomization;

/** Every Kubernetes object that lies in a folder of config/deploy, without what packprobe and kustomize read. */
export function manifestsIn(folder: string): readonly Manifest[] {
  return readdirSync(join(DEPLOY, folder))
    .filter((name) => name.endsWith('.yaml') && name !== 'kustomization.yaml')
    .map((name): Manifest => ({ file: name, ...parse(readText(`${folder}/${name}`)) }))
    .filter(({ kind }) => kind !== undefined);
}

/** The description of a pod, wherever this kind keeps it. */
export const podOf = ({ spec }: Manifest) => (spec.jobTemplate?.spec ?? spec).template.spec;

export const fileNames = (files: readonly string[]) => files.map((file) => basename(file));
