using System.Buffers;

namespace LogBroker.Protocol.Tests;

/// <summary>Makes sequences of several segments, as a socket delivers them.</summary>
internal static class Sequences
{
    /// <summary>The bytes cut at these ascending positions; positions may repeat, which gives empty segments.</summary>
    public static ReadOnlySequence<byte> Cut(ReadOnlyMemory<byte> bytes, params ReadOnlySpan<int> cuts)
    {
        int start = 0;
        Segment? first = null;
        Segment? last = null;
        foreach (int cut in (ReadOnlySpan<int>)[.. cuts, bytes.Length])
        {
            var next = new Segment(bytes[start..cut], last);
            first ??= next;
            last = next;
            start = cut;
        }

        return new ReadOnlySequence<byte>(first!, 0, last!, last!.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? previous)
        {
            Memory = memory;
            if (previous is not null)
            {
                RunningIndex = previous.RunningIndex + previous.Memory.Length;
                previous.Next = this;
            }
        }
    }
}
