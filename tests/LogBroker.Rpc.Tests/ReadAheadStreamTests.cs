namespace LogBroker.Rpc.Tests;

public sealed class ReadAheadStreamTests
{
    [Fact]
    public async Task Small_reads_are_served_from_few_large_ones_in_order()
    {
        byte[] sent = new byte[200_000];
        new Random(7).NextBytes(sent);
        var source = new CountingStream(new MemoryStream(sent));
        await using var stream = new ReadAheadStream(source);
        var received = new List<byte>();
        byte[] piece = new byte[999];
        int count;
        while ((count = await stream.ReadAsync(piece, TestContext.Current.CancellationToken)) > 0)
            received.AddRange(piece[..count]);
        Assert.Equal(sent, received);
        Assert.InRange(source.Reads, 4, 5);
    }

    [Fact]
    public async Task A_read_without_memory_waits_below_only_when_nothing_is_there()
    {
        var source = new CountingStream(new MemoryStream([1, 2, 3]));
        await using var stream = new ReadAheadStream(source);
        Assert.Equal(0, await stream.ReadAsync(Memory<byte>.Empty, TestContext.Current.CancellationToken));
        Assert.Equal(1, source.EmptyReads);
        byte[] one = new byte[1];
        Assert.Equal(1, await stream.ReadAsync(one, TestContext.Current.CancellationToken));
        Assert.Equal(0, await stream.ReadAsync(Memory<byte>.Empty, TestContext.Current.CancellationToken));
        Assert.Equal(1, source.EmptyReads);
        Assert.Equal(1, source.Reads);
    }

    [Fact]
    public async Task A_failed_read_leaves_nothing_behind_and_writes_pass_through()
    {
        var source = new CountingStream(new MemoryStream()) { Failure = new IOException("gone") };
        await using var stream = new ReadAheadStream(source);
        byte[] one = new byte[1];
        await Assert.ThrowsAsync<IOException>(() => stream.ReadAsync(one, TestContext.Current.CancellationToken).AsTask());
        source.Failure = null;
        Assert.Equal(0, await stream.ReadAsync(one, TestContext.Current.CancellationToken));
        await stream.WriteAsync(new byte[] { 9 }, TestContext.Current.CancellationToken);
        Assert.Equal(1, source.BytesWritten);
    }

    private sealed class CountingStream(Stream inner) : Stream
    {
        public int Reads { get; private set; }

        public int EmptyReads { get; private set; }

        public long BytesWritten { get; private set; }

        public IOException? Failure { get; set; }

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => inner.Length;

        public override long Position { get; set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Failure is not null)
                return ValueTask.FromException<int>(Failure);
            if (buffer.IsEmpty)
                EmptyReads++;
            else
                Reads++;
            return inner.ReadAsync(buffer, cancellationToken);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            BytesWritten += buffer.Length;
            return ValueTask.CompletedTask;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
