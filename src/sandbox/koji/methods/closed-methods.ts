import { generic } from '../faults.ts';
import type { Method, Methods } from '../method.ts';
import { read, session } from '../method.ts';
import { type Caller, mustBeUser, mustHavePerm } from '../sessions.ts';
import { plainText } from '../value.ts';
import { mustBeHost } from './host-methods.ts';

/**
 * Methods of the real hub that are for those who run it, by what each asks of its caller. The sandbox refuses them with the real
 * words; to the few who may, it says that it does not do them.
 */
const ASKED: Readonly<Record<string, readonly string[]>> = {
  login: [
    'CGImport cg_import(metadata, directory, token=None)',
    'CGInitBuild cg_init_build(cg, data)',
    'CGRefundBuild cg_refund_build(cg, build_id, token, state=4)',
    'moveAllBuilds RootExports.moveAllBuilds(tag1, tag2, package, force=False)',
    'promoteBuild promote_build(build, force=False)',
  ],
  admin: [
    'addArchiveType add_archive_type(name, description, extensions, compression_type=None)',
    'addBType add_btype(name)',
    'addExternalRPM RootExports.addExternalRPM(rpminfo, external_repo, strict=True)',
    'addGroupMember add_group_member(group, user, strict=True)',
    'addUserKrbPrincipal RootExports.addUserKrbPrincipal(user, krb_principal)',
    'addVolume add_volume(name, strict=True)',
    'applyVolumePolicy RootExports.applyVolumePolicy(build, strict=False)',
    'assignTask RootExports.assignTask(task_id, host, force=False, override=False)',
    'changeBuildVolume RootExports.changeBuildVolume(build, volume, strict=True)',
    'createExternalRepo create_external_repo(name, url)',
    'deleteBuild delete_build(build, strict=True, min_ref_age=604800)',
    'deleteExternalRepo delete_external_repo(info)',
    'dropGroupMember drop_group_member(group, user)',
    'editChannel edit_channel(channelInfo, **kw)',
    'editExternalRepo edit_external_repo(info, name=None, url=None)',
    'editUser edit_user(userInfo, name=None, krb_principal_mappings=None)',
    'evalPolicy RootExports.evalPolicy(name, data)',
    'freeTask RootExports.freeTask(task_id)',
    'grantCGAccess grant_cg_access(user, cg, create=False)',
    'importRPM RootExports.importRPM(path, basename)',
    'makeTask RootExports.makeTask(*args, **opts)',
    'mergeScratch RootExports.mergeScratch(task_id)',
    'newGroup new_group(name)',
    'removeUserKrbPrincipal RootExports.removeUserKrbPrincipal(user, krb_principal)',
    'removeVolume remove_volume(volume)',
    'renameChannel rename_channel(old, new)',
    'resetBuild reset_build(build)',
    'restartHosts RootExports.restartHosts(priority=5, options=None)',
    'revokeCGAccess revoke_cg_access(user, cg)',
    'scheduler.doRun do_run(force=False)',
    'setBuildOwner RootExports.setBuildOwner(build, user)',
    'setBuildTimestamp RootExports.setBuildTimestamp(build, ts)',
    'showOpts RootExports.showOpts(as_string=True)',
  ],
  tag: [
    "addExternalRepoToTag RootExports.addExternalRepoToTag(tag_info, repo_info, priority, merge_mode='koji', arches=None)",
    'editTag old_edit_tag(tagInfo, name, arches, locked, permissionID, extra=None)',
    'editTagExternalRepo edit_tag_external_repo(tag_info, repo_info, priority=None, merge_mode=None, arches=None)',
    'groupListAdd grplist_add(taginfo, grpinfo, block=False, force=False, **opts)',
    'groupListBlock grplist_block(taginfo, grpinfo)',
    'groupListRemove grplist_remove(taginfo, grpinfo, force=False)',
    'groupListUnblock grplist_unblock(taginfo, grpinfo)',
    'groupPackageListAdd grp_pkg_add(taginfo, grpinfo, pkg_name, block=False, force=False, **opts)',
    'groupPackageListBlock grp_pkg_block(taginfo, grpinfo, pkg_name)',
    'groupPackageListRemove grp_pkg_remove(taginfo, grpinfo, pkg_name)',
    'groupPackageListUnblock grp_pkg_unblock(taginfo, grpinfo, pkg_name)',
    'groupReqListAdd grp_req_add(taginfo, grpinfo, reqinfo, block=False, force=False, **opts)',
    'groupReqListBlock grp_req_block(taginfo, grpinfo, reqinfo)',
    'groupReqListRemove grp_req_remove(taginfo, grpinfo, reqinfo, force=None)',
    'groupReqListUnblock grp_req_unblock(taginfo, grpinfo, reqinfo)',
    'removeExternalRepoFromTag RootExports.removeExternalRepoFromTag(tag_info, repo_info)',
    'setInheritanceData RootExports.setInheritanceData(tag, data, clear=False)',
    'snapshotTag RootExports.snapshotTag(src, dst, **kwargs)',
    'snapshotTagModify RootExports.snapshotTagModify(src, dst, **kwargs)',
  ],
  host: [
    'disableChannel RootExports.disableChannel(channelname, comment=None)',
    'enableChannel RootExports.enableChannel(channelname, comment=None)',
  ],
  repo: [
    'repo.autoRequests RepoExports.autoRequests()',
    'repo.checkQueue RepoExports.checkQueue()',
    'repo.setExternalRepoData RepoExports.setExternalRepoData(external_repo_id, data)',
    'repo.setState RepoExports.setState(repo_id, state)',
    'repo.updateEndEvents RepoExports.updateEndEvents()',
  ],
  image: [
    'buildImageIndirection RootExports.buildImageIndirection(opts=None, priority=None)',
    'buildImageOz RootExports.buildImageOz(name, version, arches, target, inst_tree, opts=None, priority=None)',
    'kiwiBuild kiwiBuild(target, arches, desc_url, desc_path, **opts)',
  ],
  'dist-repo': ['distRepo RootExports.distRepo(tag, keys, **task_opts)'],
  'maven-import': ['createMavenBuild RootExports.createMavenBuild(build_info, maven_info)'],
  'win-import': ['createWinBuild RootExports.createWinBuild(build_info, win_info)'],
  'image-import': ['createImageBuild RootExports.createImageBuild(build_info)'],
  runroot: ['runroot runroot(tagInfo, arch, command, channel=None, **opts)'],
  Maven: [
    "chainMaven RootExports.chainMaven(builds, target, opts=None, priority=None, channel='maven')",
    "mavenBuild RootExports.mavenBuild(url, target, opts=None, priority=None, channel='maven')",
    "wrapperRPM RootExports.wrapperRPM(build, url, target, priority=None, channel='maven', opts=None)",
  ],
  Windows: ["winBuild RootExports.winBuild(vm, url, target, opts=None, priority=None, channel='vm')"],
  builder: [
    "host.assertPolicy HostExports.assertPolicy(name, data, default='deny')",
    "host.checkPolicy HostExports.checkPolicy(name, data, default='deny', strict=False)",
    'host.closeTask HostExports.closeTask(task_id, response)',
    'host.completeBuild HostExports.completeBuild(task_id, build_id, srpm, rpms, brmap=None, logs=None)',
    'host.completeImageBuild HostExports.completeImageBuild(task_id, build_id, results)',
    'host.completeMavenBuild HostExports.completeMavenBuild(task_id, build_id, maven_results, rpm_results)',
    'host.completeWinBuild HostExports.completeWinBuild(task_id, build_id, results, rpm_results)',
    'host.createMavenBuild HostExports.createMavenBuild(build_info, maven_info)',
    'host.distRepoMove HostExports.distRepoMove(repo_id, uploadpath, arch)',
    'host.evalPolicy HostExports.evalPolicy(name, data)',
    'host.failBuild HostExports.failBuild(task_id, build_id)',
    'host.failTask HostExports.failTask(task_id, response)',
    'host.freeTasks HostExports.freeTasks(tasks)',
    'host.getHost HostExports.getHost()',
    'host.getHostTasks HostExports.getHostTasks()',
    'host.getLoadData HostExports.getLoadData()',
    'host.importArchive HostExports.importArchive(filepath, buildinfo, type, typeInfo)',
    'host.importImage HostExports.importImage(task_id, build_info, results)',
    'host.importWrapperRPMs HostExports.importWrapperRPMs(task_id, build_id, rpm_results)',
    'host.initBuild HostExports.initBuild(data)',
    'host.initImageBuild HostExports.initImageBuild(task_id, build_info)',
    'host.initMavenBuild HostExports.initMavenBuild(task_id, build_info, maven_info)',
    'host.initWinBuild HostExports.initWinBuild(task_id, build_info, win_info)',
    'host.isEnabled HostExports.isEnabled()',
    'host.moveBuildToScratch HostExports.moveBuildToScratch(task_id, srpm, rpms, logs=None)',
    'host.moveImageBuildToScratch HostExports.moveImageBuildToScratch(task_id, results)',
    'host.moveMavenBuildToScratch HostExports.moveMavenBuildToScratch(task_id, results, rpm_results)',
    'host.moveWinBuildToScratch HostExports.moveWinBuildToScratch(task_id, results, rpm_results)',
    'host.newBuildRoot HostExports.newBuildRoot(repo, arch, task_id=None)',
    'host.openTask HostExports.openTask(task_id)',
    "host.refuseTask HostExports.refuseTask(task_id, soft=True, msg='')",
    'host.repoDone HostExports.repoDone(repo_id, data, expire=False, repo_json_updates=None)',
    'host.repoInit HostExports.repoInit(tag, task_id=None, event=None, opts=None)',
    'host.setBuildRootList HostExports.setBuildRootList(brootid, rpmlist, task_id=None)',
    'host.setBuildRootState HostExports.setBuildRootState(brootid, state, task_id=None)',
    'host.setHostData HostExports.setHostData(hostID, data)',
    'host.setTaskWeight HostExports.setTaskWeight(task_id, weight)',
    'host.subtask HostExports.subtask(method, arglist, parent, **opts)',
    'host.subtask2 HostExports.subtask2(__parent, __taskopts, __method, *args, **opts)',
    'host.tagBuild HostExports.tagBuild(task_id, tag, build, force=False, fromtag=None)',
    "host.tagNotification HostExports.tagNotification(is_successful, tag_id, from_id, build_id, user_id, ignore_success=False, failure_msg='')",
    'host.taskSetWait HostExports.taskSetWait(parent, tasks)',
    'host.taskWait HostExports.taskWait(parent)',
    'host.taskWaitResults HostExports.taskWaitResults(parent, tasks, canfail=None)',
    'host.updateBuildRootList HostExports.updateBuildRootList(brootid, rpmlist, task_id=None)',
    'host.updateBuildrootArchives HostExports.updateBuildrootArchives(brootid, task_id, archives, project=False)',
    'host.updateHost HostExports.updateHost(task_load, ready, data=None)',
    'host.updateMavenBuildRootList HostExports.updateMavenBuildRootList(brootid, task_id, mavenlist, ignore=None, project=False, ignore_unknown=False, extra_deps=None)',
    'host.writeSignedRPM HostExports.writeSignedRPM(an_rpm, sigkey, force=False)',
  ],
};

function assertAllowed(asked: string, caller: Caller): void {
  if (asked === 'builder') mustBeHost(caller.session?.user);
  if (asked !== 'login' && asked !== 'Maven' && asked !== 'Windows') mustHavePerm(caller, asked);
  mustBeUser(caller);
  if (asked === 'Maven' || asked === 'Windows') throw generic(`${asked} support not enabled`);
}

function refused(asked: string, text: string): readonly [string, Method] {
  const [name = '', ...signature] = text.split(' ');
  const method = read(signature.join(' '), (_args, { caller }) => {
    assertAllowed(asked, caller);
    throw generic(`${name} is not done by this hub`);
  });
  return [name, method];
}

/** All of them by name. */
export const closedMethods: Methods = {
  ...Object.fromEntries(
    Object.entries(ASKED).flatMap(([asked, texts]) => texts.map((text) => refused(asked, text))),
  ),
  importArchive: read(
    'RootExports.importArchive(filepath, buildinfo, type, typeInfo)',
    ({ type = null }, { caller }) => {
      mustHavePerm(caller, `${plainText(type)}-import`);
      throw generic('importArchive is not done by this hub');
    },
  ),
  buildImage: read(
    'RootExports.buildImage(name, version, arch, target, ksfile, img_type, opts=None, priority=None)',
    ({ img_type = null }, { caller }) => {
      const type = plainText(img_type);
      if (!['livecd', 'appliance', 'livemedia'].includes(type)) {
        throw generic(`Unrecognized image type: ${type}`);
      }
      mustHavePerm(caller, type);
      throw generic('buildImage is not done by this hub');
    },
  ),
  logoutChild: session('Session.logoutChild(session_id)', (_args, { caller }) => {
    mustBeUser(caller);
    return null;
  }),
};
