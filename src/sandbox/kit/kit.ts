import type { ChainEvent } from '../../core/chain.ts';
import type { SandboxClock } from './clock.ts';
import type { Delay } from './draw.ts';
import type { World } from './world.ts';

/** A message on the sandbox's bus; `topic` without the environment's prefix (`buildsys.tag`), unless it is one of CI (`ci.koji-build.test.queued`). */
export interface Message {
  readonly id: string;
  /** Whole topic: `org.fedoraproject.sandbox.buildsys.tag`, `org.centos.sandbox.ci.koji-build.test.queued`. */
  readonly topic: string;
  /** Sandbox time, epoch ms; on the wire as whole seconds. */
  readonly sentAt: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>>;
}

/** An answer as it leaves a system. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** Others than the type, names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a fault says to a request that is about to be answered; undefined answers it as usual. */
export interface Interference {
  /** Sandbox milliseconds of silence first. */
  readonly delayMs?: number;
  /**
   * `drop` closes the connection without an answer, `hang` never says a word, `cut` closes it in the middle of the true answer; else this is
   * the answer. The system is not asked, but with `cut` does what it is asked.
   */
  readonly answer?: 'drop' | 'hang' | 'cut' | Answer;
  /** The system does what it is asked; this is told instead of its true answer. Called with true answers alone, so that it may remember them. */
  readonly alter?: (answer: Answer) => Answer;
}

export interface WireRequest {
  readonly method: string;
  readonly path: string;
  /** What the system itself calls it: an XML-RPC method, a service; for faults that hit only that. */
  readonly call?: string;
  /** Whole body of a request that is no upload and no push, as text; for faults that remember what was asked. */
  readonly body?: string | undefined;
}

/** Where faults and all weather come in: each hook asks the active faults, the first that has an opinion wins. */
export interface Hooks {
  /** Before a request is answered. */
  wire(system: string, request: WireRequest): Interference | undefined;
  /**
   * Before a rule of the sandbox acts: `koji.build-fails`, `signing.sign`, `ci.run`. What a rule gets back (a text, a number, a flag) is its own
   * agreement with its faults; undefined is the ordinary course.
   */
  rule(point: string, subject: string): unknown;
  /** What is delivered for one message: itself as usual, nothing (lost), twice, late. */
  publish(message: Message): readonly { readonly message: Message; readonly delayMs: number }[];
  /** Whether a system's port is closed: connections are refused. Asked when a fault is switched. */
  refuses(system: string): boolean | undefined;
}

/** One fault by name, one file in `sandbox/faults/`. */
export interface SandboxFault {
  readonly name: string;
  readonly hooks: Partial<Hooks>;
}

/** What each part of the sandbox is given. */
export interface Kit {
  readonly clock: SandboxClock;
  readonly world: World;
  readonly hooks: Hooks;
  /** A folder of this sandbox alone, absolute, removed at its end. */
  readonly dir: string;
  /** In [0, 1), from (seed, point, subject) alone. */
  draw(point: string, subject: string): number;
  /** The delay of this point for this subject, sandbox milliseconds. `delays` of the world's weather win over `usual`. */
  delay(point: string, subject: string, usual: Delay): number;
  /**
   * Puts a message on the bus and into the archive. Handlers run afterwards, in the order of publishing, one at a time each. Gives the moment
   * that it says it was sent, which is the truth of it.
   */
  publish(topic: string, body: Readonly<Record<string, unknown>>): number;
  /** `topic` as `publish` takes it, whole: `buildsys.tag`, `resultsdb.result.new`, `ci.koji-build.test.queued`. */
  subscribe(topic: string, handle: (message: Message) => Promise<void> | void): void;
  /** All messages that were archived so far, oldest first. */
  readonly archive: readonly Message[];
  /** Calls back before messages are thrown away, for those who keep something about each. */
  onForget(act: (isGone: (message: Message) => boolean) => void): void;
  /** Writes down what really happened to a build. The first of each event counts, but of `ci_*`, `result`, `decision`, `gate` the last. */
  truth(nvr: string, event: ChainEvent, at?: number): void;
  truthOf(nvr: string): Readonly<Partial<Record<ChainEvent, number>>>;
  /** Adds a place to look for what a run left: asked by `/holdings?run=`. */
  holdings(look: (run: string) => readonly Holding[] | Promise<readonly Holding[]>): void;
  /** Calls back after each switching of a fault, for parts that cannot ask a hook each time they act. */
  onSwitch(act: () => void | Promise<void>): void;
  /** Tells the operator of the sandbox of a rule that went wrong inside; never silent. */
  trouble(where: string, error: unknown): void;
}

/** Something of a run that is still there: an open task, a live update, a side tag, a fork. Commits, tarballs and finished builds are not. */
export interface Holding {
  readonly system: string;
  readonly kind: string;
  readonly id: string;
  readonly state: string;
}

/** What one system gives back when it is open. */
export interface OpenSystem {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  close(): Promise<void>;
}

/** Dist-git as other systems of the sandbox see it. */
export interface DistGitPort {
  /** Content of a file at a commit; undefined when there is none. Package without namespace. */
  readFile(pkg: string, commit: string, path: string): Promise<string | undefined>;
  /** Whether a commit is on some branch. */
  isOnBranch(pkg: string, commit: string): Promise<boolean>;
  has(pkg: string): boolean;
}

/** The lookaside cache as builders see it. */
export interface LookasidePort {
  has(pkg: string, file: string, sha512: string): boolean;
}

export interface BuildFacts {
  readonly build_id: number;
  readonly task_id: number;
  readonly nvr: string;
  readonly name: string;
  readonly version: string;
  readonly release: string;
  readonly epoch: number | null;
  /** 0 BUILDING, 1 COMPLETE, 2 DELETED, 3 FAILED, 4 CANCELED. */
  readonly state: number;
  readonly source: string | null;
  readonly owner_name: string;
  /** When Koji made the entry: seconds. */
  readonly creation_ts: number;
  readonly completion_ts: number | null;
  /** In the order in which they were added. */
  readonly tags: readonly string[];
}

/** Koji as Bodhi, signing and Greenwave see it: what they do by their own sessions. Tagging publishes `buildsys.tag`/`untag`. */
export interface KojiPort {
  build(nvr: string): BuildFacts | undefined;
  /** Complete builds in a tag itself, perhaps only those of one package; throws where there is no such tag. */
  taggedWith(tag: string, pkg?: string): readonly BuildFacts[];
  tag(nvr: string, tag: string, user: string): void;
  untag(nvr: string, tag: string, user: string): void;
  /** Writes the signed copies: `queryRPMSigs` then knows the key. */
  sign(nvr: string, key: string): void;
  /** Removes a side tag with what is in it; nothing where there is none. */
  removeSideTag(tag: string, user: string): void;
  /** Side tags that are there, oldest first. */
  sideTags(): readonly { readonly id: number; readonly name: string; readonly user: string }[];
}
