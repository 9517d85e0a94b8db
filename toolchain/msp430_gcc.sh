#!/bin/sh
# Builds binutils 2.40 and GCC 12 for msp430-elf from Debian's source packages.
#
# usage: msp430_gcc.sh PREFIX WORK JOBS
#
# PREFIX receives the finished tree (relocatable); WORK holds sources and objects and may be deleted
# afterwards. Interrupted, it goes on where it stopped. The runtime is freestanding C and brings its
# own linker scripts, start-up code and register names: no C library and none of the vendor's files.
set -eu
prefix=$1
work=$2
jobs=$3
target=msp430-elf
# Debian's unpatched sources carry no GFDL documentation; with makeinfo absent nobody asks for it.
export MAKEINFO=true
export CFLAGS="-O1 -pipe" CXXFLAGS="-O1 -pipe"
mkdir -p "$work" "$prefix"

# step NAME COMMAND...: once
step() {
    name=$1
    shift
    [ -e "$work/done.$name" ] && return 0
    echo "STEP $name"
    "$@"
    touch "$work/done.$name"
}

unpack() {
    cd "$work"
    tar xf /usr/src/binutils/binutils-2.40.tar.xz
    tar xf /usr/src/gcc-12/gcc-12.2.0-dfsg.tar.xz
    # Without it `make install-gcc` stops: the hooks' documentation was taken out with the manuals.
    (cd gcc-12.2.0 && patch -p2 </usr/src/gcc-12/patches/gcc-gfdl-build.diff)
    # libgcc for the small and the large code model only, not for every CPU and multiplier.
    sed -i -e '/^MULTILIB_/d' gcc-12.2.0/gcc/config/msp430/t-msp430
    printf 'MULTILIB_OPTIONS = mlarge\nMULTILIB_DIRNAMES = large\n' \
        >>gcc-12.2.0/gcc/config/msp430/t-msp430
}

binutils() {
    mkdir -p "$work/build-binutils"
    cd "$work/build-binutils"
    ../binutils-2.40/configure --target=$target --prefix="$prefix" --disable-nls --disable-werror \
        --disable-gdb --disable-sim --disable-gprof --disable-gprofng --disable-gold
    make -j"$jobs" all
    make install-strip
}

gcc_configure() {
    mkdir -p "$work/build-gcc"
    cd "$work/build-gcc"
    PATH=$prefix/bin:$PATH ../gcc-12.2.0/configure --target=$target --prefix="$prefix" \
        --enable-languages=c --with-newlib --without-headers --without-isl --without-zstd \
        --disable-shared --disable-threads --disable-libssp --disable-lto --disable-plugin \
        --disable-libcc1 --disable-gcov --disable-libgomp --disable-libatomic \
        --disable-libquadmath --disable-libstdcxx --disable-decimal-float --disable-nls \
        --disable-bootstrap --disable-libsanitizer --disable-libvtv
}

gcc_compiler() {
    cd "$work/build-gcc"
    PATH=$prefix/bin:$PATH make -j"$jobs" all-gcc
}

gcc_library() {
    cd "$work/build-gcc"
    PATH=$prefix/bin:$PATH make -j"$jobs" all-target-libgcc CFLAGS_FOR_TARGET="-O2 -g0"
}

gcc_install() {
    cd "$work/build-gcc"
    PATH=$prefix/bin:$PATH make install-strip-gcc install-target-libgcc
    rm -rf "$prefix/share"
}

step unpack unpack
step binutils binutils
step gcc-configure gcc_configure
step gcc-compiler gcc_compiler
step gcc-library gcc_library
step gcc-install gcc_install
