using LogBroker.Bench.Results;
using LogBroker.Client;

namespace LogBroker.Bench.Load;

/// <summary>Reads everything that is there, with the full hash of every value, and compares it with what was acknowledged.</summary>
internal static class VerifyLoad
{
    /// <param name="target">The topic.</param>
    /// <param name="written">What was acknowledged; null only counts.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<VerifyResult> RunAsync(LoadTarget target, ClientResult? written, CancellationToken cancellationToken)
    {
        long records = 0;
        ulong checksum = 0;
        await using LogBrokerClient client = target.Connect();
        await foreach (ConsumedRecord record in client.ReadAsync(
            target.Topic, Position.Start, until: Position.End, cancellationToken: cancellationToken))
        {
            records++;
            checksum += ValueChecksum.Of(record.Value!.Value.Span);
        }

        return Compare(written, records, checksum);
    }

    /// <summary>
    /// With more records than expected the checksums say nothing: a record whose acknowledgement was lost may be there.
    /// </summary>
    internal static VerifyResult Compare(ClientResult? written, long recordsFound, ulong checksumFound)
    {
        long expected = written?.RecordsAcknowledged ?? 0;
        bool? matches = written?.ValuesChecksum is { } checksum && recordsFound <= expected ? checksum == checksumFound : null;
        return new VerifyResult(expected, recordsFound, matches);
    }
}
