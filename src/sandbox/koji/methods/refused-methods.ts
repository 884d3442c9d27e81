import { generic } from '../faults.ts';
import { type Method, type Methods, write } from '../method.ts';
import { mustBeUser, mustHavePerm } from '../sessions.ts';
import { plainText } from '../value.ts';

/** A method of the staff: refused without the permission, as the hub words it. What staff would do with it is not imitated. */
function behind(permission: string, signature: string): Method {
  return write(signature, (_args, { caller }) => {
    mustHavePerm(caller, permission);
    throw generic(`${signature.slice(0, signature.indexOf('('))} is not imitated`);
  });
}

/** A method of a part that Fedora's hub has switched off. */
function switchedOff(text: string, signature: string): Method {
  return write(signature, (_args, { caller }) => {
    mustBeUser(caller);
    throw generic(text);
  });
}

const NO_MAVEN = 'Maven support not enabled';
const NO_WINDOWS = 'Windows support not enabled';

const GROUP = 'taginfo, grpinfo';
const PACKAGE = `${GROUP}, pkg_name`;
const NEEDED = `${GROUP}, reqinfo`;

/** What packagers meet as a closed door. */
export const refusedMethods: Methods = {
  groupListAdd: behind('tag', `grplist_add(${GROUP}, block=False, force=False, **opts)`),
  groupListRemove: behind('tag', `grplist_remove(${GROUP}, force=False)`),
  groupListBlock: behind('tag', `grplist_block(${GROUP})`),
  groupListUnblock: behind('tag', `grplist_unblock(${GROUP})`),
  groupPackageListAdd: behind('tag', `grp_pkg_add(${PACKAGE}, block=False, force=False, **opts)`),
  groupPackageListRemove: behind('tag', `grp_pkg_remove(${PACKAGE})`),
  groupPackageListBlock: behind('tag', `grp_pkg_block(${PACKAGE})`),
  groupPackageListUnblock: behind('tag', `grp_pkg_unblock(${PACKAGE})`),
  groupReqListAdd: behind('tag', `grp_req_add(${NEEDED}, block=False, force=False, **opts)`),
  groupReqListRemove: behind('tag', `grp_req_remove(${NEEDED}, force=None)`),
  groupReqListBlock: behind('tag', `grp_req_block(${NEEDED})`),
  groupReqListUnblock: behind('tag', `grp_req_unblock(${NEEDED})`),
  setInheritanceData: behind('tag', 'RootExports.setInheritanceData(tag, data, clear=False)'),
  snapshotTag: behind('tag', 'RootExports.snapshotTag(src, dst, **kwargs)'),
  snapshotTagModify: behind('tag', 'RootExports.snapshotTagModify(src, dst, **kwargs)'),
  createExternalRepo: behind('admin', 'create_external_repo(name, url)'),
  editExternalRepo: behind('admin', 'edit_external_repo(info, name=None, url=None)'),
  deleteExternalRepo: behind('admin', 'delete_external_repo(info)'),
  addExternalRepoToTag: behind(
    'tag',
    "RootExports.addExternalRepoToTag(tag_info, repo_info, priority, merge_mode='koji', arches=None)",
  ),
  editTagExternalRepo: behind(
    'tag',
    'edit_tag_external_repo(tag_info, repo_info, priority=None, merge_mode=None, arches=None)',
  ),
  removeExternalRepoFromTag: behind('tag', 'RootExports.removeExternalRepoFromTag(tag_info, repo_info)'),
  addVolume: behind('admin', 'add_volume(name, strict=True)'),
  removeVolume: behind('admin', 'remove_volume(volume)'),
  changeBuildVolume: behind('admin', 'RootExports.changeBuildVolume(build, volume, strict=True)'),
  applyVolumePolicy: behind('admin', 'RootExports.applyVolumePolicy(build, strict=False)'),
  editUser: behind('admin', 'edit_user(userInfo, name=None, krb_principal_mappings=None)'),
  addUserKrbPrincipal: behind('admin', 'RootExports.addUserKrbPrincipal(user, krb_principal)'),
  removeUserKrbPrincipal: behind('admin', 'RootExports.removeUserKrbPrincipal(user, krb_principal)'),
  newGroup: behind('admin', 'new_group(name)'),
  addGroupMember: behind('admin', 'add_group_member(group, user, strict=True)'),
  dropGroupMember: behind('admin', 'drop_group_member(group, user)'),
  grantCGAccess: behind('admin', 'grant_cg_access(user, cg, create=False)'),
  revokeCGAccess: behind('admin', 'revoke_cg_access(user, cg)'),
  editChannel: behind('admin', 'edit_channel(channelInfo, **kw)'),
  renameChannel: behind('admin', 'rename_channel(old, new)'),
  enableChannel: behind('host', 'RootExports.enableChannel(channelname, comment=None)'),
  disableChannel: behind('host', 'RootExports.disableChannel(channelname, comment=None)'),
  restartHosts: behind('admin', 'RootExports.restartHosts(priority=5, options=None)'),
  freeTask: behind('admin', 'RootExports.freeTask(task_id)'),
  assignTask: behind('admin', 'RootExports.assignTask(task_id, host, force=False, override=False)'),
  makeTask: behind('admin', 'RootExports.makeTask(*args, **opts)'),
  evalPolicy: behind('admin', 'RootExports.evalPolicy(name, data)'),
  showOpts: behind('admin', 'RootExports.showOpts(as_string=True)'),
  resetBuild: behind('admin', 'reset_build(build)'),
  deleteBuild: behind('admin', 'delete_build(build, strict=True, min_ref_age=604800)'),
  setBuildOwner: behind('admin', 'RootExports.setBuildOwner(build, user)'),
  setBuildTimestamp: behind('admin', 'RootExports.setBuildTimestamp(build, ts)'),
  importRPM: behind('admin', 'RootExports.importRPM(path, basename)'),
  addExternalRPM: behind('admin', 'RootExports.addExternalRPM(rpminfo, external_repo, strict=True)'),
  addBType: behind('admin', 'add_btype(name)'),
  addArchiveType: behind('admin', 'add_archive_type(name, description, extensions, compression_type=None)'),
  createMavenBuild: behind('maven-import', 'RootExports.createMavenBuild(build_info, maven_info)'),
  createWinBuild: behind('win-import', 'RootExports.createWinBuild(build_info, win_info)'),
  createImageBuild: behind('image-import', 'RootExports.createImageBuild(build_info)'),
  importArchive: write(
    'RootExports.importArchive(filepath, buildinfo, type, typeInfo)',
    ({ type = null }, { caller }) => {
      mustHavePerm(caller, `${plainText(type)}-import`);
      throw generic('importArchive is not imitated');
    },
  ),
  distRepo: behind('dist-repo', 'RootExports.distRepo(tag, keys, **task_opts)'),
  buildImage: write(
    'RootExports.buildImage(name, version, arch, target, ksfile, img_type, opts=None, priority=None)',
    ({ img_type = null }, { caller }) => {
      const type = plainText(img_type);
      if (!['livecd', 'appliance', 'livemedia'].includes(type))
        throw generic(`Unrecognized image type: ${type}`);
      mustHavePerm(caller, type);
      throw generic('buildImage is not imitated');
    },
  ),
  buildImageIndirection: behind('image', 'RootExports.buildImageIndirection(opts=None, priority=None)'),
  buildImageOz: behind(
    'image',
    'RootExports.buildImageOz(name, version, arches, target, inst_tree, opts=None, priority=None)',
  ),
  kiwiBuild: behind('image', 'kiwiBuild(target, arches, desc_url, desc_path, **opts)'),
  runroot: behind('runroot', 'runroot(tagInfo, arch, command, channel=None, **opts)'),
  mavenBuild: switchedOff(
    NO_MAVEN,
    "RootExports.mavenBuild(url, target, opts=None, priority=None, channel='maven')",
  ),
  chainMaven: switchedOff(
    NO_MAVEN,
    "RootExports.chainMaven(builds, target, opts=None, priority=None, channel='maven')",
  ),
  wrapperRPM: switchedOff(
    NO_MAVEN,
    "RootExports.wrapperRPM(build, url, target, priority=None, channel='maven', opts=None)",
  ),
  winBuild: switchedOff(
    NO_WINDOWS,
    "RootExports.winBuild(vm, url, target, opts=None, priority=None, channel='vm')",
  ),
};
