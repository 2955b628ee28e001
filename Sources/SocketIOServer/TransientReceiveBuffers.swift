internal import NIOCore

/// A buffer for each read of a connection, gone when what was read has been dealt with.
///
/// A channel keeps the first buffer it reads into for ever (swift-nio 2.101, `NIOPooledRecvBufferAllocator`), and all
/// of those it can use again. So the first is as small as the heap makes one, and no other can be used again: with
/// `maxMessagesPerRead` at 1 a waiting reader holds none. Measured: half a kilobyte a reader less than with a fixed
/// buffer of 512 bytes, for one more `read` a connection.
struct TransientReceiveBuffers: RecvByteBufferAllocator {
    private var capacity = 16

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer { allocator.buffer(capacity: capacity) }

    mutating func record(actualReadBytes: Int) -> Bool {
        // Most heads fit in, and the heap has such pieces at hand.
        capacity = 1024
        return true
    }
}
