#if Compression
    internal import CZlib
#endif

/// gzip (RFC 1952) of what never changes while the server runs, made once at the start. A stream is never
/// compressed: it would wait in the compressor.
enum Gzip {
    /// Nil when the build has no zlib, or the result is no smaller.
    static func compressed(_ bytes: [UInt8]) -> [UInt8]? {
        #if Compression
            guard let result = deflated(bytes), result.count < bytes.count else { return nil }
            return result
        #else
            return nil
        #endif
    }

    /// Whether a client takes gzip (RFC 9110, 12.5.3). A weight of zero refuses it; what else it prefers is its affair.
    static func isAccepted(by header: String?) -> Bool {
        guard let header else { return false }
        return header.split(separator: ",").contains { item in
            let words = item.lowercased().split { $0 == ";" || $0 == " " || $0 == "\t" }
            guard words.first == "gzip" || words.first == "x-gzip" else { return false }
            return !words.dropFirst().contains { weight in
                weight.hasPrefix("q=") && weight.dropFirst(2).allSatisfy { $0 == "0" || $0 == "." }
            }
        }
    }

    #if Compression
        /// - Source: zlib.h, `deflateInit2`: 16 more than the window size writes gzip's header and trailer.
        private static func deflated(_ bytes: [UInt8]) -> [UInt8]? {
            var stream = z_stream()
            // zlib keeps a pointer back to its stream, so that must not move between the calls.
            return withUnsafeMutablePointer(to: &stream) { stream -> [UInt8]? in
                let size = CInt(MemoryLayout<z_stream>.size)
                guard deflateInit2_(stream, 9, Z_DEFLATED, 15 + 16, 9, 0, ZLIB_VERSION, size) == Z_OK else {
                    return nil
                }
                defer { deflateEnd(stream) }
                let room = Int(deflateBound(stream, UInt(bytes.count)))
                return bytes.withUnsafeBufferPointer { input in
                    var code = Z_STREAM_ERROR
                    let output = [UInt8](unsafeUninitializedCapacity: room) { output, count in
                        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                        stream.pointee.avail_in = CUnsignedInt(input.count)
                        stream.pointee.next_out = output.baseAddress
                        stream.pointee.avail_out = CUnsignedInt(room)
                        code = deflate(stream, Z_FINISH)
                        count = room - Int(stream.pointee.avail_out)
                    }
                    return code == Z_STREAM_END ? output : nil
                }
            }
        }
    #endif
}
