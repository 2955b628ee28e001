import Foundation
import SocketIOServer
import Synchronization
import Testing

/// Bytes go straight to a descriptor, whose number is somebody else's as soon as it is closed.
@Suite(.timeLimit(.minutes(1))) struct DescriptorTests {
    /// Copies of one end of a pair of sockets, made and closed without pause, take every number that becomes
    /// free. Whatever the server writes to a number that is no longer its own comes out at the other end.
    private final class Squatter: Sendable {
        private let isDone = Atomic<Bool>(false)
        private let ends: (near: CInt, far: CInt)
        private let thread = DispatchQueue(label: "squatter")

        init() {
            var pair: [CInt] = [-1, -1]
            socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &pair)
            ends = (pair[0], pair[1])
            thread.async { [self] in
                while !isDone.load(ordering: .relaxed) {
                    let copies = (0..<4).map { _ in dup(ends.near) }
                    for copy in copies where copy >= 0 { close(copy) }
                }
            }
        }

        /// The bytes that strangers have written.
        func end() -> Int {
            isDone.store(true, ordering: .relaxed)
            thread.sync {}
            var bytes = [UInt8](repeating: 0, count: 65_536)
            let count = recv(ends.far, &bytes, bytes.count, CInt(MSG_DONTWAIT))
            close(ends.near)
            close(ends.far)
            return max(0, count)
        }
    }

    /// Found when a quick reader got a slow one's bytes: NIO closes the descriptor first, then fails the
    /// writes that were waiting, and tells of the end last.
    @Test func nothingIsWrittenToAnothersDescriptor() async throws {
        let big = Lines(
            lines: Array(repeating: String(repeating: "x", count: 4_000_000), count: 3),
            interval: .milliseconds(1))
        try await Edge.run(.with(big)) { edge in
            let squatter = Squatter()
            for _ in 0..<100 {
                let slow = try edge.client(receiveBuffer: 4096)
                try await slow.openSocket("/ws")
                slow.reset()
            }
            // The loop has seen every end once it counts this connection alone.
            let counter = try edge.client()
            var readers = -1
            while readers != 0 {
                try await counter.get("/count")
                readers = Int(try await counter.answer().body.split(separator: " ").last ?? "") ?? 0
            }
            #expect(squatter.end() == 0)
        }
    }
}
