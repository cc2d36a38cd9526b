#!/bin/bash
# Runs arrays of Slurm jobs for every command that takes --shard, on one machine: munged, slurmctld and slurmd
# on loopback, with everything that they write in a temporary directory. One task of an array is killed, and
# run again. Debian has them in slurm-wlm and munge. In CI only with FETOOL_SLURM=1.
#
#   tests/slurm/run.sh target/release/fetool
set -euo pipefail
fetool=$(realpath "${1:?the program to test}")
dir=$(mktemp -d)
chmod 755 "$dir"
pids=()
finish() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait || true
    if [ "${keep:-}" ]; then echo "kept: $dir"; else rm -rf "$dir"; fi
}
trap finish EXIT
trap "exit 1" TERM INT
say() { printf '== %s\n' "$*"; }

# munge: who a message is from.
mkdir -m 700 "$dir/munge"
mkdir -m 755 "$dir/munge-run"
head -c 1024 /dev/urandom > "$dir/munge/key"
chmod 600 "$dir/munge/key"
munged --foreground --force --key-file="$dir/munge/key" --socket="$dir/munge-run/socket" \
    --pid-file="$dir/munge-run/pid" --log-file="$dir/munge/log" --seed-file="$dir/munge/seed" 2> "$dir/munge/out" &
pids+=($!)

host=$(hostname -s)
mkdir "$dir/state" "$dir/spool"
export SLURM_CONF=$dir/slurm.conf
cat > "$SLURM_CONF" <<CONF
ClusterName=fetool
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$dir/munge-run/socket
CredType=cred/munge
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:4
CONF
printf 'CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n' > "$dir/cgroup.conf"
sleep 1
slurmctld -D > "$dir/slurmctld.out" 2>&1 &
pids+=($!)
slurmd -D -N "$host" > "$dir/slurmd.out" 2>&1 &
pids+=($!)
for _ in $(seq 60); do
    sinfo -h -o %t 2>/dev/null | grep -qE 'idle|mix' && break
    sleep 1
done
sinfo -h -o '%N %t %C' || { tail -20 "$dir"/*.log "$dir"/*.out; exit 1; }

shards=4
# array NAME COMMAND…: submits COMMAND for each shard, waits, and shows what each task said.
array() {
    local name=$1
    shift
    say "$name: fetool $* --shard \$SLURM_ARRAY_TASK_ID/$shards"
    sbatch --quiet --wait --array=0-$((shards - 1)) --chdir="$dir" --job-name="$name" \
        --output="$dir/$name-%a.out" \
        --wrap "exec $fetool $* --shard \$SLURM_ARRAY_TASK_ID/$shards"
    for i in $(seq 0 $((shards - 1))); do
        sed "s/^/[$i] /; s/, in [0-9.]* s .*//" "$dir/$name-$i.out"
    done
}
same() { diff -r "$dir/$1" "$dir/$2" && say "$1 and $2 are the same"; }

cd "$dir"
"$fetool" keygen -o key
"$fetool" keygen --age -o old 2> /dev/null
"$fetool" keygen --age -o new 2> /dev/null
for d in $(seq 20); do
    mkdir -p "tree/d$d"
    for f in $(seq 20); do head -c $((d * f * 97)) /dev/urandom > "tree/d$d/f$f"; done
done

array seal seal -r --to @old --update tree/ -O out
array again seal -r --to @old --update tree/ -O out
rm -r tree/d7
rm tree/d1/f1
echo changed > tree/d2/f2
array delete seal -r --to @old --update --delete tree/ -O out
array check check -r -k @old out
array open open -r -k @old --update out/ -O back
same tree back
array rekey rekey -r -i -k @old --to @new out
rm -r back
array reopen open -r -k @new --update out/ -O back
same tree back

# One task is killed in the middle, and run again.
say "killed: one of $shards tasks"
head -c 200M /dev/zero > tree/large
job=$(sbatch --parsable --array=0-$((shards - 1)) --chdir="$dir" --job-name=killed \
    --output="$dir/killed-%a.out" \
    --wrap "exec $fetool seal -r --to @new --update tree/ -O out2 --shard \$SLURM_ARRAY_TASK_ID/$shards")
for _ in $(seq 600); do
    busy=$(find out2 -name '.fetool-*' -size +0 2> /dev/null | head -1) || true
    [ "$busy" ] && break
    sleep 0.05
done
large=$(for i in $(seq 0 $((shards - 1))); do
    "$fetool" seal -r --to @new --update tree/ -O none --shard "$i/$shards" -n 2> /dev/null |
        grep tree/large > /dev/null && echo "$i" || true
done)
scancel --signal=KILL --full "${job}_$large" || true
while squeue -h -j "$job" 2> /dev/null | grep -q .; do sleep 0.2; done
test -e out2/large.age && say "task $large was faster than the kill" || say "task $large left no result of large"
array rerun seal -r --to @new --update tree/ -O out2
if find out2 -name '.fetool-*' | grep -q .; then echo 'a temporary file was left'; exit 1; fi
rm -r back
array last open -r -k @new out2/ -O back
same tree back
say 'all as expected'
