#!/bin/sh
# Downloads the training data from npm and Debian, in fixed versions. Licences are in README.md.
set -eu
out=${SECONDPASS_DATA:-build/data}
mkdir -p "$out"
cd "$out"
for package in cldr-annotations-full@48.2.0 cldr-annotations-derived-full@48.2.0 emojibase-data@17.0.0 moby@1.1.2 emoji-datasource-twitter@16.0.0; do
  name=${package%@*}
  test -d "$name" && continue
  archive=$(npm pack --silent "$package")
  mkdir -p "$name"
  tar xzf "$archive" -C "$name" --strip-components 1
  rm "$archive"
done
for package in fonts-noto-color-emoji=2.042-0+deb12u1 wordnet-base=1:3.0-37; do
  name=${package%=*}
  test -d "$name" && continue
  apt-get download "$package"
  dpkg-deb -x "$name"_*.deb "$name"
  rm "$name"_*.deb
done
