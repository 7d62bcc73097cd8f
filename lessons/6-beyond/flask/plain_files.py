"""Lets Flask-Session keep MessagePack in files instead of pickles, so that `lessons/6-beyond` can read them."""

import msgspec
from cachelib import FileSystemCache
from cachelib.serializers import FileSystemSerializer


# ANCHOR: plain
class PlainSerializer(FileSystemSerializer):
    def dump(self, value, f, protocol=None):
        f.write(msgspec.msgpack.encode(value))

    def load(self, f):
        return msgspec.msgpack.decode(f.read())


class PlainFiles(FileSystemCache):
    """A cache for `SESSION_CACHELIB`."""

    serializer = PlainSerializer()
# ANCHOR_END: plain
