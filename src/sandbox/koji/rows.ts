import { indexed } from '../kit/rows.ts';
import type { Build, Tagging } from './hub.ts';

/** The build of an NVR; there is at most one. */
export const buildsByNvr = indexed((build: Build) => build.nvr);

/** The history of the tags of a build, oldest first. */
export const taggingsByBuild = indexed((row: Tagging) => row.build);

/** The history of the builds of a tag, oldest first. */
export const taggingsByTag = indexed((row: Tagging) => row.tag);
