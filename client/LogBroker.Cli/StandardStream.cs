using System.Runtime.InteropServices;

namespace LogBroker.Cli;

/// <summary>The reader of our stdout has gone: nobody wants more, and that is no error.</summary>
internal sealed class BrokenPipeException() : IOException("the reader of the output has gone");

/// <summary>
/// A standard output that tells when its reader has gone, which the one of System.Console hides, and that shares the file position with
/// other programs of the same shell group, which a FileStream does not. Not thread-safe.
/// </summary>
internal sealed partial class StandardStream : Stream
{
    private const int EIntr = 4;
    private const int EAgain = 11;
    private const int EPipe = 32;
    private const int MacEAgain = 35;
    private const short PollOut = 4;
    private const short PollErrorOrHangUp = 8 | 16;

    private readonly int _descriptor;

    private StandardStream(int descriptor) => _descriptor = descriptor;

    /// <summary>The process's stdout.</summary>
    public static Stream OpenOutput() =>
        OperatingSystem.IsWindows() ? Console.OpenStandardOutput() : new StandardStream(1);

    /// <summary>True when stdout is a pipe that nobody reads any more.</summary>
    public static bool OutputReaderHasGone()
    {
        if (OperatingSystem.IsWindows())
        {
            return false;
        }

        var state = new PollDescriptor { Descriptor = 1 };
        return PollNative(ref state, 1, 0) > 0 && (state.Returned & PollErrorOrHangUp) != 0;
    }

    /// <inheritdoc/>
    public override bool CanRead => false;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            nint written = WriteNative(_descriptor, buffer, (nuint)buffer.Length);
            if (written >= 0)
            {
                buffer = buffer[(int)written..];
                continue;
            }

            int error = Marshal.GetLastPInvokeError();
            switch (error)
            {
                case EIntr:
                    break;
                case EPipe:
                    throw new BrokenPipeException();
                case EAgain or MacEAgain:
                    var wait = new PollDescriptor { Descriptor = _descriptor, Events = PollOut };
                    _ = PollNative(ref wait, 1, 1000);
                    break;
                default:
                    throw new IOException("cannot write the output: " + Marshal.GetPInvokeErrorMessage(error));
            }
        }
    }

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteNative(int descriptor, ReadOnlySpan<byte> bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int PollNative(ref PollDescriptor descriptors, nuint count, int timeoutMs);

    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
