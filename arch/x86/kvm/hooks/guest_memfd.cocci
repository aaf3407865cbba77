// SPDX-License-Identifier: GPL-2.0-only
//
// guest_memfd of a TD hands out 2 MiB folios.  What base KVM has for them is
// kept; where it knows small ones only, it asks.
//
// A poisoned page of any VM: memory_failure() holds the folio's lock, which
// punching a hole takes after the invalidate lock.  It splits a large folio first,
// and does not ask guest_memfd if that fails; release_folio() comes before it.
//
// A hole gives memory back, also that of slots that have been deleted.
//
// base: virt/kvm/guest_memfd.c
// expect: 1 kvm_tdx_hooks.h
// expect: 1 kvm_tdx_gmem_create
// expect: 2 kvm_tdx_gmem_get_folio
// expect: 1 kvm_tdx_gmem_needs_clear
// expect: 1 kvm_tdx_gmem_poisoned
// expect: 1 kvm_tdx_gmem_order
// expect: 1 kvm_tdx_gmem_truncate
// expect: 1 kvm_tdx_unpark
// expect: 1 kvm_tdx_gmem_lock_poisoned
// expect: 1 kvm_tdx_gmem_unlock_poisoned
// expect: 2 kvm_tdx_gmem_name_poisoned
// expect: 1 kvm_tdx_gmem_release
// expect: 2 kvm_gmem_release_folio
// expect: 1 kvm_tdx_gmem_close

@@ @@
 #include "kvm_mm.h"
+#include "kvm_tdx_hooks.h"

@@
identifier inode, index;
@@
 static struct folio *kvm_gmem_get_folio(struct inode *inode, pgoff_t index)
 {
-	return filemap_grab_folio(inode->i_mapping, index);
+	return kvm_tdx_gmem_get_folio(inode, NULL, index);
 }

@@
identifier kvm, slot, gfn, folio, nr_pages;
@@
 static int kvm_gmem_prepare_folio(struct kvm *kvm, struct kvm_memory_slot *slot, gfn_t gfn, struct folio *folio)
 {
 ...
+	if (!kvm_tdx_gmem_needs_clear(kvm)) {
+		kvm_gmem_mark_prepared(folio);
+		return 0;
+	}
 nr_pages = folio_nr_pages(folio);
 ...
 }

@@
identifier gmem, start, end;
@@
 static long kvm_gmem_punch_hole(...)
 {
 <+...
-kvm_gmem_invalidate_begin(gmem, start, end);
+kvm_gmem_invalidate_begin(gmem, start, end), kvm_tdx_unpark(gmem->kvm);
 ...+>
 }

@@
expression mapping, start, last;
@@
 static long kvm_gmem_punch_hole(...)
 {
 ...
-truncate_inode_pages_range(mapping, start, last);
+kvm_tdx_gmem_truncate(mapping, start, last);
 ...
 }

@@
identifier mapping, folio, gmem, start, end;
@@
 static int kvm_gmem_error_folio(struct address_space *mapping, struct folio *folio)
 {
 ...
-filemap_invalidate_lock_shared(mapping);
+if (!kvm_tdx_gmem_lock_poisoned(mapping, folio))
+	return MF_DELAYED;
 <+...
-kvm_gmem_invalidate_begin(gmem, start, end);
+kvm_tdx_gmem_name_poisoned(gmem->kvm, &gmem->bindings, start), kvm_gmem_invalidate_begin(gmem, start, end);
 ...+>
-filemap_invalidate_unlock_shared(mapping);
+kvm_tdx_gmem_unlock_poisoned(mapping, folio);
 ...
 }

@@
iterator name list_for_each_entry;
@@
 static int kvm_gmem_error_folio(...)
 {...}
+
+static void kvm_gmem_zap_page(struct address_space *mapping, pgoff_t index)
+{
+	struct list_head *gmem_list = &mapping->i_private_list;
+	struct kvm_gmem *gmem;
+
+	list_for_each_entry(gmem, gmem_list, entry) {
+		kvm_tdx_gmem_name_poisoned(gmem->kvm, &gmem->bindings, index);
+		kvm_gmem_invalidate_begin(gmem, index, index + 1);
+	}
+	list_for_each_entry(gmem, gmem_list, entry)
+		kvm_gmem_invalidate_end(gmem, index, index + 1);
+}

@@
typedef bool, gfp_t;
@@
 static void kvm_gmem_zap_page(...)
 {...}
+
+static bool kvm_gmem_release_folio(struct folio *folio, gfp_t gfp)
+{
+	return kvm_tdx_gmem_release(folio, kvm_gmem_zap_page);
+}

@@
identifier ops;
@@
 static const struct address_space_operations ops = {
 	.dirty_folio = noop_dirty_folio,
+	.release_folio = kvm_gmem_release_folio,
 };

@@
identifier file, slot, index, pfn, prepared, order, folio;
@@
 static struct folio *__kvm_gmem_get_pfn(struct file *file, struct kvm_memory_slot *slot, pgoff_t index, kvm_pfn_t *pfn, bool *prepared, int *order)
 {
 ...
-folio = kvm_gmem_get_folio(file_inode(file), index);
+folio = kvm_tdx_gmem_get_folio(file_inode(file), slot, index);
 ...
-if (folio_test_hwpoison(folio))
+if (kvm_tdx_gmem_poisoned(folio, index))
 {...}
 ...
 if (order)
-	*order = 0;
+	*order = kvm_tdx_gmem_order(folio);
 ...
 }

@@
identifier kvm, inode;
@@
 static int __kvm_gmem_create(struct kvm *kvm, ...)
 {
 ...
 mapping_set_inaccessible(inode->i_mapping);
+	kvm_tdx_gmem_create(kvm, inode);
 ...
 }

@@
identifier inode, file, kvm;
@@
 static int kvm_gmem_release(struct inode *inode, struct file *file)
 {
 ...
+	kvm_tdx_gmem_close(kvm);
 mutex_lock(&kvm->slots_lock);
 ...
 }
