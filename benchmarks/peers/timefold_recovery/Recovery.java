// Recovery of a cluster as a Timefold model: a guest is a planning entity, its host a variable that may stay unassigned.
//
// Usage: Recovery MILLISECONDS MOST_MOVED INPUT OUTPUT; at most so many running guests may move. Input lines: "host ID CPU MEMORY RACK SITE CAPABILITIES" and
// "guest ID TIER CPU MEMORY HOST GROUP APART NEED", "-" for none. Output lines: "GUEST HOST".

import ai.timefold.solver.core.api.domain.entity.PlanningEntity;
import ai.timefold.solver.core.api.domain.lookup.PlanningId;
import ai.timefold.solver.core.api.domain.solution.PlanningEntityCollectionProperty;
import ai.timefold.solver.core.api.domain.solution.PlanningScore;
import ai.timefold.solver.core.api.domain.solution.PlanningSolution;
import ai.timefold.solver.core.api.domain.solution.ProblemFactCollectionProperty;
import ai.timefold.solver.core.api.domain.valuerange.ValueRangeProvider;
import ai.timefold.solver.core.api.domain.variable.PlanningVariable;
import ai.timefold.solver.core.api.score.buildin.bendablelong.BendableLongScore;
import ai.timefold.solver.core.api.score.stream.Constraint;
import ai.timefold.solver.core.api.score.stream.ConstraintCollectors;
import ai.timefold.solver.core.api.score.stream.ConstraintFactory;
import ai.timefold.solver.core.api.score.stream.ConstraintProvider;
import ai.timefold.solver.core.api.score.stream.Joiners;
import ai.timefold.solver.core.api.solver.SolverFactory;
import ai.timefold.solver.core.config.solver.SolverConfig;
import ai.timefold.solver.core.config.solver.termination.TerminationConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

public class Recovery {
    static final int HARD = 1;
    // gold, silver, bronze that do not run; running guests stopped; guests moved
    static final int SOFT = 5;
    static int mostMoved;

    public static class Host {
        @PlanningId public String id;
        public long cpu, memory;
        public String rack, site;
        public Set<String> capabilities;

        public Host() {}
        public String getId() { return id; }
    }

    @PlanningEntity
    public static class Guest {
        @PlanningId public String id;
        public int tier;
        public long cpu, memory;
        public String group, apart, need;
        public Host now;
        @PlanningVariable(allowsUnassigned = true)
        public Host host;

        public Guest() {}
        public String getId() { return id; }
        public Host getHost() { return host; }
        public void setHost(Host host) { this.host = host; }

        String domain() {
            switch (apart) {
                case "rack": return host.rack;
                case "site": return host.site;
                default: return host.id;
            }
        }
    }

    @PlanningSolution
    public static class Cluster {
        @ProblemFactCollectionProperty @ValueRangeProvider public List<Host> hosts;
        @PlanningEntityCollectionProperty public List<Guest> guests;
        @PlanningScore(bendableHardLevelsSize = HARD, bendableSoftLevelsSize = SOFT) public BendableLongScore score;

        public Cluster() {}
    }

    public static class Rules implements ConstraintProvider {
        @Override
        public Constraint[] defineConstraints(ConstraintFactory factory) {
            return new Constraint[] {
                factory.forEach(Guest.class)
                    .groupBy(guest -> guest.host, ConstraintCollectors.sumLong(guest -> guest.memory))
                    .filter((host, used) -> used > host.memory)
                    .penalizeLong(hard(), (host, used) -> used - host.memory).asConstraint("memory"),
                factory.forEach(Guest.class)
                    .groupBy(guest -> guest.host, ConstraintCollectors.sumLong(guest -> guest.cpu))
                    .filter((host, used) -> used > host.cpu)
                    .penalizeLong(hard(), (host, used) -> used - host.cpu).asConstraint("cpu"),
                factory.forEach(Guest.class)
                    .filter(guest -> guest.group != null)
                    .join(factory.forEach(Guest.class).filter(guest -> guest.group != null),
                        Joiners.equal(guest -> guest.group),
                        Joiners.equal(Guest::domain),
                        Joiners.lessThan(guest -> guest.id))
                    .penalizeLong(hard(), (guest, other) -> 1024).asConstraint("apart"),
                factory.forEach(Guest.class)
                    .filter(guest -> guest.need != null && !guest.host.capabilities.contains(guest.need))
                    .penalizeLong(hard(), guest -> 1024).asConstraint("needs"),
                // one failure: only bronze may be stopped
                factory.forEachIncludingUnassigned(Guest.class)
                    .filter(guest -> guest.host == null && guest.now != null && guest.tier < 2)
                    .penalizeLong(hard(), guest -> 1024).asConstraint("may not stop"),
                factory.forEach(Guest.class)
                    .filter(guest -> guest.now != null && guest.host != guest.now)
                    .groupBy(ConstraintCollectors.count())
                    .filter(moved -> moved > mostMoved)
                    .penalizeLong(hard(), moved -> 1024L * (moved - mostMoved)).asConstraint("too many moved"),
                lost(factory, 0), lost(factory, 1), lost(factory, 2),
                factory.forEachIncludingUnassigned(Guest.class)
                    .filter(guest -> guest.host == null && guest.now != null)
                    .penalizeLong(soft(3), guest -> 1).asConstraint("stopped"),
                factory.forEach(Guest.class)
                    .filter(guest -> guest.now != null && guest.host != guest.now)
                    .penalizeLong(soft(4), guest -> guest.memory).asConstraint("moved"),
            };
        }

        static Constraint lost(ConstraintFactory factory, int tier) {
            return factory.forEachIncludingUnassigned(Guest.class)
                .filter(guest -> guest.host == null && guest.tier == tier)
                .penalizeLong(soft(tier), guest -> 1).asConstraint("lost " + tier);
        }

        static BendableLongScore hard() { return BendableLongScore.ofHard(HARD, SOFT, 0, 1); }
        static BendableLongScore soft(int level) { return BendableLongScore.ofSoft(HARD, SOFT, level, 1); }
    }

    public static void main(String[] arguments) throws IOException {
        long milliseconds = Long.parseLong(arguments[0]);
        mostMoved = Integer.parseInt(arguments[1]);
        Cluster cluster = read(Path.of(arguments[2]));
        SolverConfig config = new SolverConfig()
            .withSolutionClass(Cluster.class)
            .withEntityClasses(Guest.class)
            .withConstraintProviderClass(Rules.class)
            .withRandomSeed(1L)
            .withTerminationConfig(new TerminationConfig().withMillisecondsSpentLimit(milliseconds));
        Cluster best = SolverFactory.<Cluster>create(config).buildSolver().solve(cluster);
        try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(Path.of(arguments[3])))) {
            for (Guest guest : best.guests) {
                if (guest.host != null) {
                    out.println(guest.id + " " + guest.host.id);
                }
            }
        }
        System.out.println(best.score);
    }

    static Cluster read(Path path) throws IOException {
        Cluster cluster = new Cluster();
        cluster.hosts = new ArrayList<>();
        cluster.guests = new ArrayList<>();
        Map<String, Host> hosts = new HashMap<>();
        for (String line : Files.readAllLines(path)) {
            String[] field = line.split(" ");
            if (field[0].equals("host")) {
                Host host = new Host();
                host.id = field[1];
                host.cpu = Long.parseLong(field[2]);
                host.memory = Long.parseLong(field[3]);
                host.rack = field[4];
                host.site = field[5];
                host.capabilities = Set.of(field[6].split(","));
                hosts.put(host.id, host);
                cluster.hosts.add(host);
            } else {
                Guest guest = new Guest();
                guest.id = field[1];
                guest.tier = Integer.parseInt(field[2]);
                guest.cpu = Long.parseLong(field[3]);
                guest.memory = Long.parseLong(field[4]);
                guest.now = hosts.get(field[5]);
                guest.host = guest.now;
                guest.group = optional(field[6]);
                guest.apart = field[7];
                guest.need = optional(field[8]);
                cluster.guests.add(guest);
            }
        }
        return cluster;
    }

    static String optional(String field) { return field.equals("-") ? null : field; }
}
