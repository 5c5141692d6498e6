using LogBroker.Protocol;

namespace LogBroker.Raft.Tests;

/// <summary>A node of the <see cref="World"/>: a core, a log, a state store, and the driver's work done at once unless held.</summary>
internal sealed class Replica(World world, NodeId id)
{
    private static readonly string[] Names = ["-", "A", "B", "C", "D", "E", "O", "P"];
    private RaftCore? _core;
    private int _disks;

    public NodeId Id => id;

    public string Name => NameOf(id);

    public DirectoryId Directory { get; private set; } = DirectoryOf(id, 1);

    public ModelLog Log { get; } = new();

    public HardState? Stored { get; private set; }

    public bool IsReadmitted { get; private set; } = true;

    public Offset HighWatermarkCheckpoint { get; set; }

    /// <summary>A copy of rows that the state store keeps as a cache (S20).</summary>
    public IReadOnlyList<EpochRow>? CachedRows { get; set; }

    public bool IsUp => _core is not null;

    public RaftCore Core => _core ?? throw new InvalidOperationException($"{Name} is down");

    /// <summary>While true, hard states wait in <see cref="Persisting"/>.</summary>
    public bool HoldsPersists { get; set; }

    /// <summary>While true, cuts and resets wait.</summary>
    public bool HoldsCuts { get; set; }

    public Queue<HardState> Persisting { get; } = new();

    public LogPosition? PendingCut { get; private set; }

    public LogPosition? PendingReset { get; private set; }

    public int Cuts { get; private set; }

    public int Resets { get; private set; }

    public int Readmissions { get; private set; }

    public static string NameOf(NodeId node) => Names[node.Value];

    public static NodeId IdOf(string name) => new(Array.IndexOf(Names, name));

    public static DirectoryId DirectoryOf(NodeId node, int disk) => new(new Guid(node.Value, (short)disk, 0, new byte[8]));

    /// <summary>
    /// Gives it a log that consists of the epochs of its records, in order: "1 1 4" is row 1 with two records and row 4 with one.
    /// </summary>
    public void Found(HardState stored, string epochs)
    {
        Stored = stored;
        foreach (string word in epochs.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var epoch = new Epoch(int.Parse(word, System.Globalization.CultureInfo.InvariantCulture));
            if (epoch != Log.Position.Epoch)
            {
                Log.Append(new Item(epoch, Log.Position.Offset, null));
            }

            Log.Append(new Item(epoch, Log.Position.Offset, $"e{epoch}o{Log.Position.Offset}"));
        }
    }

    /// <summary>Starts the process (R20).</summary>
    public void Start()
    {
        Log.Recover();
        IReadOnlyList<EpochRow> rows = Log.Rows;
#if PLANTED
        rows = PlantedBugs.Has(20) && CachedRows is not null ? CachedRows : rows;
#endif
        _core = new RaftCore(
            world.Config(id, Directory, IsReadmitted),
            new RecoveredReplica(Stored, rows, Log.Start.Offset, Log.Position.Offset, HighWatermarkCheckpoint));
        _core.CountAppended(world.IsMemoryTopic);
        CarryOut();
    }

    /// <summary>Ends the process and loses what is not flushed but its first items; a cut may have come part of its way.</summary>
    public void Crash(int itemsKept = 0, bool losesState = false, int? cutKeeps = null)
    {
        if (PendingCut is { } cut && cutKeeps is { } more)
        {
            Log.CutTo(Math.Min(Log.KeptBy(cut) + more, Log.Items.Count));
        }

        Log.LoseUnflushed(itemsKept);
        if (losesState)
        {
            LoseState();
        }

        Stop();
    }

    /// <summary>Ends the process alone: the page cache keeps what is not flushed.</summary>
    public void Kill() => Stop();

    public void Wipe()
    {
        Log.Wipe();
        LoseState();
        Stop();
    }

    /// <summary>Carries out what the core decided, as a driver does.</summary>
    public void CarryOut()
    {
        for (RaftReady ready = Core.TakeReady(); !ready.IsEmpty; ready = Core.TakeReady())
        {
            if (ready.Persist is { } state)
            {
                Persisting.Enqueue(state);
                if (!HoldsPersists)
                {
                    Persist();
                }
            }

            CarryOutLog(ready);
            if (ready.LeadershipLost)
            {
                world.Note($"{Name} is no leader any more");
            }

            if (ready.StoreReadmitted)
            {
                IsReadmitted = true;
                Readmissions++;
                world.Note($"{Name} is readmitted");
                Core.ReadmissionStored();
            }

            foreach (RaftEnvelope envelope in ready.Messages)
            {
                world.Send(this, envelope.To, envelope.Message, []);
            }
        }

        SendAnswers();
    }

    /// <summary>Makes the next hard state durable.</summary>
    public void Persist()
    {
        HardState state = Persisting.Dequeue();
        Stored = state;
        world.Note($"{Name} stores {state.Epoch}/{NameOf(state.VotedFor)}");
        Core.HardStatePersisted(state);
    }

    public void Propose(string payload)
    {
        Log.Append(new Item(Core.Epoch, Core.End, payload));
        Core.Appended(Core.End + 1);
    }

    public void Flush()
    {
        LogPosition position = Core.AppendedPosition;
        Log.Flush(position);
        Core.Flushed(position);
    }

    public void Cut()
    {
        if (PendingCut is { } cut)
        {
            PendingCut = null;
            Cuts++;
            Log.CutTo(Log.KeptBy(cut));
            world.Note($"{Name} cuts to {Log}");
            Core.Truncated(Log.Position, Log.DurablePosition);
        }

        if (PendingReset is { } start)
        {
            PendingReset = null;
            Resets++;
            Log.Reset(start);
            world.Note($"{Name} begins anew at {start}");
            Core.ResetDone(start);
        }
    }

    /// <summary>R26: as far as is allowed.</summary>
    public void Trim(Offset wanted, bool unlinks)
    {
        LogPosition start = Core.LogStartFor(wanted);
        Log.Trim(start, unlinks);
        Core.LogStartAdvanced(start, Log.FilesBegin);
    }

    /// <summary>Takes a result with its items.</summary>
    public void Take(RaftSender from, FetchResult result, IReadOnlyList<Item> items, bool isRefused)
    {
        if (!Core.Receive(from, result))
        {
            return;
        }

        List<Item> taken = [.. isRefused ? [] : items.SkipWhile(i => i.IsRow && i.Epoch == Log.Position.Epoch)];
        taken.ForEach(Log.Append);
        Core.ItemsTaken(result, [.. taken.Where(i => i.IsRow).Select(i => i.Row)], Log.Position.Offset, isRefused);
    }

    private void CarryOutLog(in RaftReady ready)
    {
        if (ready.AppendRow is { } row)
        {
            Assert.True(Stored?.Epoch >= row.Epoch, "R2: the hard state is stored before the row");
            Log.Append(new Item(row.Epoch, row.Start, null));
            world.Note($"{Name} leads {row.Epoch}: {Log}");
            Core.RowAppended(row);
        }

        if (ready.HighWatermark is { } highWatermark)
        {
            world.Note($"{Name} hw {highWatermark}");
        }

        PendingCut = ready.Truncate ?? PendingCut;
        PendingReset = ready.Reset ?? PendingReset;
        if (!HoldsCuts)
        {
            Cut();
        }
    }

    private void SendAnswers()
    {
        if (!Core.IsLeader)
        {
            return;
        }

        foreach (Progress peer in Core.Peers.ToList())
        {
            if (Core.IsAnswerDue(peer))
            {
                List<Item> items = peer.WantsItems ? [.. Log.Behind(peer.Position).Take(world.ItemsPerAnswer)] : [];
                FetchResult result = Core.Answer(peer, items.Count > 0);
                world.Send(this, peer.Voter, result, result.Outcome == FetchOutcome.Items ? items : []);
            }
        }
    }

    private void LoseState()
    {
        Stored = null;
        HighWatermarkCheckpoint = Offset.Zero;
        CachedRows = null;
        if (world.Voters.Count > 1)
        {
            IsReadmitted = false; // R23; a lone voter keeps both (R30)
            Directory = DirectoryOf(id, ++_disks + 1);
        }
    }

    private void Stop()
    {
        _core = null;
        Persisting.Clear();
        PendingCut = null;
        PendingReset = null;
    }
}
