extension SeededGenerator {
    /// Up to `count` bytes. Half of the results are drawn from `letters` only, so that they come close to the
    /// grammar.
    package mutating func bytes(upTo count: Int, letters: [UInt8] = []) -> [UInt8] {
        let isClose = !letters.isEmpty && Bool.random(using: &self)
        return (0..<Int.random(in: 0...count, using: &self)).map { _ in
            isClose ? letters.randomElement(using: &self) ?? 0 : UInt8.random(in: 0...255, using: &self)
        }
    }

    /// `bytes` with a few bytes changed, left out, doubled or cut off.
    package mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &self) where !bytes.isEmpty {
            let at = Int.random(in: bytes.indices, using: &self)
            switch Int.random(in: 0..<4, using: &self) {
            case 0: bytes[at] = UInt8.random(in: 0...255, using: &self)
            case 1: bytes.remove(at: at)
            case 2: bytes.insert(bytes[at], at: at)
            default: bytes.removeSubrange(at...)
            }
        }
        return bytes
    }
}
