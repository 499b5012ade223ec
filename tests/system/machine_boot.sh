#!/bin/sh
# Make the namespaces of a test machine and become its systemd.
#   machine_boot.sh enclose CGROUP EMPTY_DIRECTORY BASE_ROOT
set -eu

# Joins the cgroup before there is a cgroup namespace, so that this cgroup becomes its root, and
# has the kernel end the machine when the test process ends, however that happens.
enclose() {
    echo $$ >"$1/cgroup.procs"
    shift
    exec setpriv --pdeathsig KILL unshare --fork --kill-child \
        --pid --mount --uts --ipc --net --cgroup sh "$0" boot "$@"
}

# All that is written goes to memory. Without overlayfs the base root is copied there.
make_root() {
    mount -t tmpfs -o mode=755 machine "$1"
    mkdir "$1/upper" "$1/work" "$1/root"
    mount -t overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" machine "$1/root" || {
        mount --bind "$1/root" "$1/root"
        cp -a "$2/." "$1/root"
    }
}

# /proc/sys and /sys are read-only: they are the settings of the host's kernel.
mount_kernel_filesystems() {
    mount -t proc -o nosuid,nodev,noexec proc proc
    mount --bind proc/sys proc/sys
    mount -o remount,bind,ro proc/sys
    mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
    mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 sys/fs/cgroup
    mount -t tmpfs -o nosuid,mode=755 dev dev
    cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty dev/
    ln -s pts/ptmx dev/ptmx
}

# Says "booting" once the host's root is out of sight, and gives up the powers over the host's
# kernel modules, clock, hardware and log.
boot() {
    umask 022
    make_root "$@"
    cd "$1/root"
    mount_kernel_filesystems
    pivot_root . mnt
    cd /
    umount -l /mnt
    hostname debian
    echo booting
    exec setpriv --bounding-set -sys_module,-sys_time,-sys_rawio,-syslog \
        env -i container=other PATH="$PATH" /lib/systemd/systemd </dev/null >/dev/null 2>&1
}

"$@"
