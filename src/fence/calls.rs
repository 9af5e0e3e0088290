//! The half of the fence that is about calls to the kernel: seccomp.
//!
//! What is listed is what this program can have no use for; all else is allowed. A list of what it needs would be shorter for an
//! attacker, and would break with the next C library.

use super::Half;
use seccompiler::{
    SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
    apply_filter,
};
use std::collections::BTreeMap;

/// Calls that are refused.
const REFUSED: &[libc::c_long] = &[
    // Other programs: starting them, looking into them, taking their descriptors.
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_personality,
    // File systems.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_move_mount,
    libc::SYS_mount_setattr,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_quotactl,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_fanotify_init,
    libc::SYS_acct,
    // Name spaces, users, keys.
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_setuid,
    libc::SYS_setgid,
    libc::SYS_setreuid,
    libc::SYS_setregid,
    libc::SYS_setresuid,
    libc::SYS_setresgid,
    libc::SYS_setgroups,
    libc::SYS_capset,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    // The kernel and the machine.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_syslog,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_vhangup,
    libc::SYS_migrate_pages,
    libc::SYS_move_pages,
    libc::SYS_vmsplice,
];

/// Those that one kind of processor alone has.
#[cfg(target_arch = "x86_64")]
const REFUSED_HERE: &[libc::c_long] =
    &[libc::SYS_kexec_file_load, libc::SYS_iopl, libc::SYS_ioperm, libc::SYS_modify_ldt, libc::SYS_uselib];
/// `kexec_file_load`, which `libc` does not name for musl on this kind of processor.
#[cfg(target_arch = "aarch64")]
const REFUSED_HERE: &[libc::c_long] = &[294];

/// The second set of numbers of the same calls (x32): what is refused is refused there too.
#[cfg(target_arch = "x86_64")]
const SECOND_SET: Option<libc::c_long> = Some(0x4000_0000);
/// See above.
#[cfg(target_arch = "aarch64")]
const SECOND_SET: Option<libc::c_long> = None;

/// Families of sockets that are allowed: local ones, both Internets, and what the C library asks about addresses.
const FAMILIES: [libc::c_int; 4] = [libc::AF_UNIX, libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];

pub(super) fn put_up() -> Half {
    match filter().and_then(|program| apply_filter(&program)) {
        Ok(()) => Half::Up("by seccomp"),
        Err(error) => Half::Down(format!("this kernel takes no filter of calls: {error}")),
    }
}

fn filter() -> Result<seccompiler::BpfProgram, seccompiler::Error> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let filter =
        SeccompFilter::new(refused()?, SeccompAction::Allow, SeccompAction::Errno(libc::EPERM.unsigned_abs()), arch)?;
    Ok(filter.try_into()?)
}

fn refused() -> Result<BTreeMap<i64, Vec<SeccompRule>>, seccompiler::Error> {
    let mut rules = BTreeMap::new();
    let mut refuse = |call: libc::c_long, rule: &[SeccompRule]| {
        for number in [Some(call), SECOND_SET.map(|set| set | call)].into_iter().flatten() {
            rules.insert(number, rule.to_vec());
        }
    };
    for call in REFUSED.iter().chain(REFUSED_HERE) {
        refuse(*call, &[]);
    }
    let is_none_of_them = FAMILIES.iter().map(|family| {
        SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, u64::from(family.unsigned_abs()))
    });
    let other_family = SeccompRule::new(is_none_of_them.collect::<Result<_, _>>()?)?;
    refuse(libc::SYS_socket, &[other_family]);
    Ok(rules)
}
