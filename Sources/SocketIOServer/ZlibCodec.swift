#if Compression
    internal import CZlib
    internal import SocketIOCore

    /// DEFLATE by the system's zlib: one inflater and, for each size of window that clients ask for, one deflater,
    /// used again for every message.
    ///
    /// - Cost: 48 kB for the inflater and up to 268 kB for each deflater, made at their first use.
    /// - Source: zlib.h, `deflateInit2` and `inflateInit2`; a negative window size is DEFLATE without a header.
    /// - Owner: one event loop.
    final class ZlibCodec: DeflateCodec {
        /// zlib keeps pointers back to its streams, so they stay where they are.
        private typealias Stream = UnsafeMutablePointer<z_stream>

        private lazy var inflater = Self.makeInflater()
        private var deflaters: [UInt8: Stream] = [:]
        /// What one call of zlib may write.
        private let piece = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 16_384)
        /// The end of every message, which does not travel (RFC 7692, 7.2.2).
        private static let tail: [UInt8] = [0, 0, 0xFF, 0xFF]

        deinit {
            if let inflater {
                inflateEnd(inflater)
                inflater.deallocate()
            }
            for deflater in deflaters.values {
                deflateEnd(deflater)
                deflater.deallocate()
            }
            piece.deallocate()
        }

        // MARK: Out

        func deflate(_ message: [UInt8], windowBits: UInt8) -> [UInt8]? {
            // zlib has no window of 256 bytes. What is no longer than that cannot refer further back.
            if windowBits == 8, message.count > 256 { return nil }
            guard let stream = deflater(max(windowBits, 9)), deflateReset(stream) == Z_OK else { return nil }
            var output: [UInt8] = []
            output.reserveCapacity(message.count / 2 + 16)
            let isDone = feed(message, to: stream) {
                var code = Z_OK
                var isFull = false
                repeat {
                    renew(stream)
                    code = CZlib.deflate(stream, Z_SYNC_FLUSH)
                    output += taken(from: stream)
                    isFull = stream.pointee.avail_out == 0
                } while code == Z_OK && isFull
                return code == Z_OK || code == Z_BUF_ERROR
            }
            guard isDone, output.suffix(4).elementsEqual(Self.tail) else { return nil }
            output.removeLast(4)
            return output
        }

        private func deflater(_ windowBits: UInt8) -> Stream? {
            if let stream = deflaters[windowBits] { return stream }
            let stream = Self.makeStream()
            let code = deflateInit2_(
                stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -CInt(windowBits), 8, Z_DEFAULT_STRATEGY,
                ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size))
            guard code == Z_OK else {
                stream.deallocate()
                return nil
            }
            deflaters[windowBits] = stream
            return stream
        }

        // MARK: In

        func inflate(_ bytes: [UInt8], atMost limit: Int) throws(InflateFault) -> [UInt8] {
            // The flush of an empty message may be empty too.
            if bytes.isEmpty { return [] }
            guard let stream = inflater, inflateReset(stream) == Z_OK else { throw .malformed }
            var output: [UInt8] = []
            var isAtEnd = false
            var countBeforeTail = 0
            for part in [bytes, Self.tail] {
                var fault: InflateFault?
                countBeforeTail = output.count
                let isDone = feed(part, to: stream) {
                    do throws(InflateFault) {
                        isAtEnd = try drain(stream, into: &output, atMost: limit)
                    } catch {
                        fault = error
                    }
                    return fault == nil
                }
                guard isDone else { throw fault ?? .malformed }
                // A final block needs no flush behind it (RFC 7692, 7.2.3.4).
                if isAtEnd { return output }
            }
            // A message that was cut takes the tail for more of its block, or is still inside of it: bit 7 says that
            // one has just ended.
            guard stream.pointee.data_type & 0x80 != 0, output.count == countBeforeTail else {
                throw .malformed
            }
            return output
        }

        /// Inflates until the input is used up. True: with it a final block has ended.
        private func drain(
            _ stream: Stream, into output: inout [UInt8], atMost limit: Int
        ) throws(InflateFault) -> Bool {
            while true {
                renew(stream)
                let code = CZlib.inflate(stream, Z_SYNC_FLUSH)
                output += taken(from: stream)
                guard output.count <= limit else { throw .tooBig }
                switch code {
                case Z_STREAM_END:
                    // More blocks may follow, as if nothing had ended.
                    guard inflateReset(stream) == Z_OK else { throw .malformed }
                    if stream.pointee.avail_in == 0 { return true }
                case Z_OK where stream.pointee.avail_in > 0 || stream.pointee.avail_out == 0: break
                case Z_OK, Z_BUF_ERROR: return false
                default: throw .malformed
                }
            }
        }

        // MARK: Streams

        private static func makeStream() -> Stream {
            let stream = Stream.allocate(capacity: 1)
            stream.initialize(to: z_stream())
            return stream
        }

        private static func makeInflater() -> Stream? {
            let stream = makeStream()
            // Of the largest window, which reads what was made with any.
            if inflateInit2_(stream, -15, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size)) == Z_OK {
                return stream
            }
            stream.deallocate()
            return nil
        }

        /// Runs `work` while the stream may read `bytes`.
        private func feed(_ bytes: [UInt8], to stream: Stream, _ work: () -> Bool) -> Bool {
            bytes.withUnsafeBufferPointer { input in
                stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.pointee.avail_in = CUnsignedInt(input.count)
                defer { stream.pointee.next_in = nil }
                return work()
            }
        }

        private func renew(_ stream: Stream) {
            stream.pointee.next_out = piece.baseAddress
            stream.pointee.avail_out = CUnsignedInt(piece.count)
        }

        /// What the last call has written; the next may write anew.
        private func taken(from stream: Stream) -> UnsafeMutableBufferPointer<UInt8> {
            UnsafeMutableBufferPointer(rebasing: piece[..<(piece.count - Int(stream.pointee.avail_out))])
        }
    }
#endif
