/// Checks UTF-8 as it arrives, wherever the pieces are cut.
///
/// - Source: Unicode 16, table 3-7, "Well-Formed UTF-8 Byte Sequences": a first byte says how many follow,
///   and narrows the range of the second one, which shuts out overlong forms, surrogates and all above
///   U+10FFFF.
/// - Cost: no allocation; ASCII is looked at eight bytes at a time.
package struct UTF8Validator: Sendable {
    /// Bytes that the letter at hand still lacks.
    private var needed: UInt8 = 0
    /// What the next of them may be.
    private var lowest: UInt8 = 0x80
    private var highest: UInt8 = 0xBF

    package init() {}

    /// No letter is cut in two here.
    package var isComplete: Bool { needed == 0 }

    /// False: these bytes are not UTF-8, whatever follows. Then this validator is of no more use.
    package mutating func accept(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index < bytes.count {
            if needed == 0 {
                while bytes.count - index >= 8,
                    bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
                {
                    index += 8
                }
                if index == bytes.count { break }
            }
            let byte = bytes[index]
            index += 1
            guard needed == 0 ? begins(byte) : continues(byte) else { return false }
        }
        return true
    }

    private mutating func begins(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x00...0x7F: return true
        case 0xC2...0xDF: needed = 1
        case 0xE0: (needed, lowest) = (2, 0xA0)
        case 0xED: (needed, highest) = (2, 0x9F)
        case 0xE1...0xEF: needed = 2
        case 0xF0: (needed, lowest) = (3, 0x90)
        case 0xF4: (needed, highest) = (3, 0x8F)
        case 0xF1...0xF3: needed = 3
        default: return false
        }
        return true
    }

    private mutating func continues(_ byte: UInt8) -> Bool {
        guard lowest <= byte, byte <= highest else { return false }
        (lowest, highest) = (0x80, 0xBF)
        needed -= 1
        return true
    }
}
