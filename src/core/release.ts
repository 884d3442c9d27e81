/** What a release is called where, asked from Bodhi and Koji inside the first step that needs it; never a constant. */
export interface Release {
  /** Bodhi's name: `F44`. */
  readonly name: string;
  readonly long_name: string;
  /** `44`. */
  readonly version: string;
  /** The dist-git branch: `f44`, `rawhide`. */
  readonly branch: string;
  readonly dist_tag: string;
  /** Koji build target: `f44-candidate`. */
  readonly target: string;
  /** Greenwave's name: `fedora-44`. */
  readonly product_version: string;
  /** True: the packager makes the update. False (Rawhide): Bodhi makes it by itself when the candidate tag comes. */
  readonly composed_by_bodhi: boolean;
  readonly candidate_tag: string;
  readonly pending_signing_tag: string;
  readonly pending_testing_tag: string;
  readonly testing_tag: string;
  readonly stable_tag: string;
}
