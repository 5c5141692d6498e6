using FsCheck;
using FsCheck.Fluent;
using LogBroker.Protocol;

namespace LogBroker.Cluster.Tests;

/// <summary>The window of sequences: rows 27 to 31 of the bad-input table, against a model that forgets nothing.</summary>
public sealed class ProducerTableTests
{
    private readonly ProducerTable _table = new(producersMax: 100, expiryMs: 1_000);
    private long _end;

    [Fact]
    public void Row27_AGapIsRefusedAndNamesWhatIsExpected()
    {
        Append(sequence: 0, count: 5);
        BrokerError error = _table.Check(Batch(7, 1)).Error!;
        Assert.Equal(ErrorCode.OutOfOrderSequence, error.Code);
        Assert.Equal("5", error.Metadata["expectedSequence"]);
        Assert.Equal("7", error.Metadata["sequence"]);
    }

    [Fact]
    public void Row28_ADuplicateIsAnsweredWithItsFirstOffset()
    {
        for (int i = 0; i < 5; i++)
        {
            Append(i * 2, 2);
        }

        for (int i = 0; i < 5; i++)
        {
            SequenceVerdict verdict = _table.Check(Batch(i * 2, 2));
            Assert.True(verdict.IsDuplicate);
            Assert.Equal(new Offset(i * 2), verdict.BaseOffset);
            Assert.Equal(new Offset((i * 2) + 2), verdict.NextOffset);
        }
    }

    [Fact]
    public void Row29_ADuplicateOlderThanTheWindowIsNotWrittenAgain()
    {
        for (int i = 0; i < 6; i++)
        {
            Append(i, 1);
        }

        Assert.Equal(ErrorCode.DuplicateSequence, _table.Check(Batch(0, 1)).Error!.Code);
        Assert.True(_table.Check(Batch(1, 1)).IsDuplicate);
    }

    [Fact]
    public void Row30_OtherBytesUnderAUsedSequenceAreRefused()
    {
        Append(0, 3);
        Assert.Equal(ErrorCode.SequenceReuse, _table.Check(Batch(0, 3) with { Crc = 99 }).Error!.Code);
        Assert.Equal(ErrorCode.SequenceReuse, _table.Check(Batch(0, 3) with { Bytes = 99 }).Error!.Code);
        Assert.Equal(ErrorCode.SequenceReuse, _table.Check(Batch(0, 2)).Error!.Code);
        Assert.Equal(ErrorCode.SequenceReuse, _table.Check(Batch(2, 4)).Error!.Code);
        Assert.True(_table.Check(Batch(0, 3) with { Crc = null }).IsDuplicate);
    }

    [Fact]
    public void Row31_AnOldEpochIsFencedAndAnUnknownProducerStartsAtZero()
    {
        Assert.Equal(ErrorCode.UnknownProducer, _table.Check(Batch(4, 1)).Error!.Code);
        Append(0, 1, epoch: 3);
        Assert.Equal(ErrorCode.ProducerFenced, _table.Check(Batch(1, 1) with { Epoch = 2 }).Error!.Code);
        Assert.Equal(ErrorCode.OutOfOrderSequence, _table.Check(Batch(1, 1) with { Epoch = 4 }).Error!.Code);
        Assert.Equal(default, _table.Check(Batch(0, 1) with { Epoch = 4 }));
        Append(0, 1, epoch: 4);
        Assert.Equal(ErrorCode.ProducerFenced, _table.Check(Batch(1, 1) with { Epoch = 3 }).Error!.Code);
        Assert.True(_table.Check(Batch(0, 1) with { Epoch = 4 }).IsDuplicate);
    }

    [Fact]
    public void SequencesWrapAtTwoToThe31()
    {
        _table.Append(Batch(int.MaxValue - 1, 1), new Offset(1), new Offset(2), new Epoch(1), -1, 0);
        _table.Commit(1);
        ProducerBatch across = Batch(int.MaxValue, 3);
        Assert.Equal(1, across.LastSequence);
        Assert.Equal(default, _table.Check(across));
        _table.Append(across, new Offset(2), new Offset(5), new Epoch(1), -1, 0);
        _table.Commit(1);
        Assert.True(_table.Check(across).IsDuplicate);
        Assert.Equal(default, _table.Check(Batch(2, 1)));
        Assert.Equal(ErrorCode.OutOfOrderSequence, _table.Check(Batch(3, 1)).Error!.Code);
        Assert.Equal(ErrorCode.SequenceReuse, _table.Check(Batch(0, 1)).Error!.Code);
    }

    [Fact]
    public void SilentProducersExpireByRunningTimeAndTheOldestMakesRoom()
    {
        for (int i = 0; i < 101; i++)
        {
            _table.Append(Batch(0, 1) with { Id = new ProducerId(i + 1) }, new Offset(i), new Offset(i + 1), new Epoch(1), -1, i);
        }

        _table.Commit(101);
        Assert.Equal(100, _table.Count);
        Assert.Equal(ErrorCode.UnknownProducer, _table.Check(Batch(1, 1) with { Id = new ProducerId(1) }).Error!.Code);
        Assert.True(_table.Check(Batch(0, 1) with { Id = new ProducerId(2) }).IsDuplicate);
        _table.Expire(1_050);
        Assert.Equal(50, _table.Count);
        Assert.Equal(ErrorCode.UnknownProducer, _table.Check(Batch(1, 1) with { Id = new ProducerId(51) }).Error!.Code);
        Assert.Equal(default, _table.Check(Batch(1, 1) with { Id = new ProducerId(52) }));
    }

    [Fact]
    public void ARefusedGroupIsTakenBackWhole()
    {
        Append(0, 2);
        _table.Append(Batch(2, 2), new Offset(2), new Offset(4), new Epoch(1), -1, 0);
        _table.Append(Batch(4, 2), new Offset(4), new Offset(6), new Epoch(1), -1, 0);
        _table.Append(Batch(0, 1) with { Epoch = 1 }, new Offset(6), new Offset(7), new Epoch(1), -1, 0);
        _table.Append(Batch(0, 1) with { Id = new ProducerId(8) }, new Offset(7), new Offset(8), new Epoch(1), -1, 0);
        _table.Commit(inLog: 1);
        Assert.True(_table.Check(Batch(0, 2)).IsDuplicate);
        Assert.True(_table.Check(Batch(2, 2)).IsDuplicate);
        Assert.Equal(default, _table.Check(Batch(4, 2)));
        Assert.Equal(ErrorCode.OutOfOrderSequence, _table.Check(Batch(6, 2)).Error!.Code);
        Assert.Equal(1, _table.Count);
    }

    [Fact]
    public void ASnapshotKeepsWhatLiesInFrontOfItsOffset()
    {
        Append(0, 2);
        Append(2, 2);
        Append(4, 2);
        byte[] snapshot = ProducerSnapshot.Write(_table, new Offset(4), nowMs: 500);
        var restored = new ProducerTable(100, 1_000);
        Assert.Equal(new Offset(4), ProducerSnapshot.Read(snapshot, restored, new Offset(6), nowMs: 9_000));
        Assert.True(restored.Check(Batch(2, 2)).IsDuplicate);
        Assert.Equal(default, restored.Check(Batch(4, 2)));
        restored.Expire(9_499);
        Assert.Equal(1, restored.Count);
        restored.Expire(9_500);
        Assert.Equal(0, restored.Count);
    }

    [Fact]
    public void AShortenedSnapshotKeepsWhoAppendedLast()
    {
        for (int i = 0; i < 10; i++)
        {
            var batch = new ProducerBatch(new ProducerId(i), 0, 0, 0, Bytes: 10, Crc: null);
            _table.Append(batch, new Offset(i), new Offset(i + 1), new Epoch(1), -1, nowMs: i);
        }

        _table.Commit(10);
        byte[] snapshot = ProducerSnapshot.Write(_table, new Offset(10), nowMs: 100);
        Assert.Same(snapshot, ProducerSnapshot.Shorten(snapshot, snapshot.Length));
        Assert.Empty(ProducerSnapshot.Shorten([1, 2, 3], 1_000));
        byte[] shortened = ProducerSnapshot.Shorten(snapshot, snapshot.Length - 1);
        Assert.InRange(shortened.Length, 1, snapshot.Length - 1);
        var restored = new ProducerTable(100, 1_000);
        Assert.Equal(new Offset(10), ProducerSnapshot.Read(shortened, restored, new Offset(10), nowMs: 100));
        Assert.InRange(restored.Count, 1, 9);
        Assert.All(restored.OldestFirst, p => Assert.True(p.Id.Value >= 10 - restored.Count));
        Assert.All(restored.OldestFirst, p => Assert.Equal(p.Id.Value, p.LastAppendMs));
    }

    [Fact]
    public void ADamagedOrTooNewSnapshotIsIgnored()
    {
        Append(0, 2);
        byte[] snapshot = ProducerSnapshot.Write(_table, new Offset(2), 0);
        var restored = new ProducerTable(100, 1_000);
        Assert.Null(ProducerSnapshot.Read(snapshot, restored, new Offset(1), 0));
        for (int i = 0; i < snapshot.Length; i++)
        {
            byte[] damaged = [.. snapshot];
            damaged[i] ^= 4;
            Assert.Null(ProducerSnapshot.Read(damaged, restored, new Offset(2), 0));
            Assert.Null(ProducerSnapshot.Read(snapshot.AsSpan(0, i), restored, new Offset(2), 0));
        }

        Assert.Equal(0, restored.Count);
    }

    /// <summary>Any order of sends, resends and restarts through a snapshot agrees with a list of all that was ever appended.</summary>
    [Fact]
    public void AgreesWithAModelThatForgetsNothing() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(300),
        Prop.ForAll(Gen.Choose(0, 40).ListOf().ToArbitrary(), steps =>
        {
            var table = new ProducerTable(100, long.MaxValue);
            var history = new List<(int Base, int Last, long Offset)>();
            foreach (int step in steps)
            {
                if (step == 0)
                {
                    byte[] snapshot = ProducerSnapshot.Write(table, new Offset(long.MaxValue), 0);
                    table = new ProducerTable(100, long.MaxValue);
                    Assert.NotNull(ProducerSnapshot.Read(snapshot, table, new Offset(long.MaxValue), 0));
                    continue;
                }

                int sequence = step / 3;
                ProducerBatch batch = Batch(sequence, 1 + (step % 3));
                int expected = history.Count == 0 ? 0 : history[^1].Last + 1;
                SequenceVerdict verdict = table.Check(batch);
                int known = history.FindIndex(h => h.Base == batch.BaseSequence && h.Last == batch.LastSequence);
                bool isInWindow = known >= history.Count - Limits.ProducerWindowBatches && known >= 0;
                if (sequence == expected)
                {
                    Assert.Equal(default, verdict);
                    long offset = history.Count == 0 ? 0 : history[^1].Offset + history[^1].Last - history[^1].Base + 1;
                    history.Add((batch.BaseSequence, batch.LastSequence, offset));
                    table.Append(batch, new Offset(offset), new Offset(offset + 1 + (step % 3)), new Epoch(1), -1, 0);
                    table.Commit(1);
                }
                else if (isInWindow)
                {
                    Assert.Equal(history[known].Offset, verdict.BaseOffset.Value);
                }
                else
                {
                    bool overlaps = history.TakeLast(Limits.ProducerWindowBatches)
                        .Any(h => h.Base <= batch.LastSequence && batch.BaseSequence <= h.Last);
                    ErrorCode code = history.Count == 0 ? ErrorCode.UnknownProducer
                        : overlaps ? ErrorCode.SequenceReuse
                        : sequence < expected ? ErrorCode.DuplicateSequence : ErrorCode.OutOfOrderSequence;
                    Assert.Equal(code, verdict.Error!.Code);
                }
            }
        }));

    private static ProducerBatch Batch(int sequence, int count) =>
        new(new ProducerId(7), 0, sequence, (int)((sequence + count - 1L) & int.MaxValue), 100 + count, (uint)sequence);

    private void Append(int sequence, int count, short epoch = 0)
    {
        _table.Append(Batch(sequence, count) with { Epoch = epoch }, new Offset(_end), new Offset(_end + count), new Epoch(1), -1, 0);
        _table.Commit(1);
        _end += count;
    }
}
