#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// The write end of the pipe that carries signals from their handler to the thread that waits for them.
///
/// Unsafe but sound: written once, before the handler that reads it is installed.
nonisolated(unsafe) private var signalPipe: Int32 = -1

/// SIGTERM and SIGINT: the first asks for an orderly end, the second ends the process at once. SIGHUP: something is
/// to be read again, if there is anything; it never ends the process, so that one command may be sent to all of an
/// operator's servers after certificates were renewed.
///
/// Made before anything else, with a handler that only writes a byte: so none is lost, however early it comes. A
/// signal source of the dispatch library loses those that come before it has been installed, and blocked signals
/// are let through by that library's main thread.
struct Signals: Sendable {
    private let stream: AsyncStream<Int32>

    init() {
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
        self.stream = stream
        var ends: [Int32] = [-1, -1]
        // Without a pipe or a thread the signals do what they do by themselves: end the process.
        guard pipe(&ends) == 0, Self.startThread(Waiter(descriptor: ends[0], continuation: continuation))
        else {
            return
        }
        signalPipe = ends[1]
        for number in [SIGTERM, SIGINT, SIGHUP] { Self.take(number) }
    }

    private static func take(_ number: Int32) {
        guard signalPipe >= 0 else { return }
        signal(number) { number in
            var byte = UInt8(truncatingIfNeeded: number)
            _ = write(signalPipe, &byte, 1)
        }
    }

    /// Returns at the first signal to end; calls back at each SIGHUP before it.
    func first(hungUp: () -> Void) async {
        for await number in stream {
            guard number == SIGHUP else { return }
            hungUp()
        }
    }

    private static func startThread(_ waiter: Waiter) -> Bool {
        let reference = Unmanaged.passRetained(waiter)
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Waiter>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, reference.toOpaque())
        if code != 0 { reference.release() }
        return code == 0
    }

    private final class Waiter {
        private let descriptor: Int32
        private let continuation: AsyncStream<Int32>.Continuation

        init(descriptor: Int32, continuation: AsyncStream<Int32>.Continuation) {
            self.descriptor = descriptor
            self.continuation = continuation
        }

        func run() {
            var isEnding = false
            while let number = next() {
                // The second one ends the process, with the code a shell would give it.
                if isEnding, number != SIGHUP { _exit(128 + number) }
                isEnding = isEnding || number != SIGHUP
                continuation.yield(number)
            }
        }

        private func next() -> Int32? {
            var byte: UInt8 = 0
            while true {
                let count = read(descriptor, &byte, 1)
                if count == 1 { return Int32(byte) }
                if count == 0 || errno != EINTR { return nil }
            }
        }
    }
}
