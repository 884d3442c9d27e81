import type { System } from './system.ts';

/**
 * The events of the way of one build, a partial order:
 *
 *     build -> candidate_tag -> update -+-> signing_tag -> signed ------------------------------------+-> final_tag
 *                                       +-> announced -> ci_queued -> ci_running -> ci_complete -> result -> decision -> gate
 */
export const CHAIN_EVENTS = [
  'build',
  'candidate_tag',
  'update_asked',
  'update',
  'signing_tag',
  'signed',
  'announced',
  'ci_queued',
  'ci_running',
  'ci_complete',
  'waiver',
  'result',
  'decision',
  'gate',
  'final_tag',
] as const;

export type ChainEvent = (typeof CHAIN_EVENTS)[number];

export const HOPS = [
  'tag',
  'update',
  'sign_request',
  'sign',
  'announce',
  'ci_queue',
  'ci_start',
  'ci_run',
  'result',
  'decide',
  'gate',
  'final_tag',
  'waive',
] as const;

export type Hop = (typeof HOPS)[number];

export interface HopDefinition {
  readonly hop: Hop;
  /** The events that it can begin with; the latest that is there counts. */
  readonly from: readonly ChainEvent[];
  readonly to: ChainEvent;
  readonly system: System;
}

/** In the order of the chain; who is charged with each. `update` begins when we ask, or at the candidate tag where Bodhi makes it by itself. */
export const HOP_DEFINITIONS: readonly HopDefinition[] = [
  { hop: 'tag', from: ['build'], to: 'candidate_tag', system: 'koji' },
  { hop: 'update', from: ['update_asked', 'candidate_tag'], to: 'update', system: 'bodhi' },
  { hop: 'sign_request', from: ['update'], to: 'signing_tag', system: 'bodhi' },
  { hop: 'sign', from: ['signing_tag'], to: 'signed', system: 'signing' },
  { hop: 'announce', from: ['update'], to: 'announced', system: 'bodhi' },
  { hop: 'ci_queue', from: ['announced'], to: 'ci_queued', system: 'ci' },
  { hop: 'ci_start', from: ['ci_queued'], to: 'ci_running', system: 'ci' },
  { hop: 'ci_run', from: ['ci_running'], to: 'ci_complete', system: 'ci' },
  { hop: 'result', from: ['ci_complete'], to: 'result', system: 'resultsdb' },
  { hop: 'decide', from: ['result', 'waiver'], to: 'decision', system: 'greenwave' },
  { hop: 'gate', from: ['decision'], to: 'gate', system: 'bodhi' },
  { hop: 'final_tag', from: ['gate', 'signed'], to: 'final_tag', system: 'bodhi' },
];
