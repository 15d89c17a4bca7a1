package io.github.devloop_stub;

import org.springframework.boot.autoconfigure.AutoConfigurationPackage;
import org.springframework.context.ApplicationContext;
import org.springframework.data.domain.PageRequest;

/**
 * A table for the stub. An application without Jakarta Persistence or Spring Data JPA has no use for it. It has a package of
 * its own, in which Spring looks for entities and repositories.
 */
@AutoConfigurationPackage
public class Database {
    /** Saves and reads, if there is a database. */
    public static void use(ApplicationContext context) {
        ItemRepository items = context.getBeanProvider(ItemRepository.class).getIfAvailable();
        if (items == null) {
            return;
        }
        Item item = new Item();
        item.setText("text");
        items.save(item);
        for (int i = 0; i < 2; i++) {
            items.findAll();
            items.findByTextStartingWith("t");
            items.findByText("text", PageRequest.of(0, 5));
            items.find(item.getId());
        }
    }
}
